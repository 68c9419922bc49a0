import type { z } from 'zod';
import { inventoryJsonSchema } from '../src/inventory/schema/json-schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The table of all fields in `docs/inventory.md`, in Markdown, made from the schema. */
export function inventoryReference(): string {
  const rows = fieldsIn(inventoryJsonSchema(), '').map(({ field, kind, needed, meaning }) =>
    ['', `\`${field}\``, kind, needed, meaning, ''].join(' | ').trim(),
  );
  return ['| Field | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

interface Row {
  readonly field: string;
  readonly kind: string;
  readonly needed: string;
  readonly meaning: string;
}

function fieldsIn(schema: JsonSchema, prefix: string): readonly Row[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([key, field]): readonly Row[] => {
    if (typeof field === 'boolean') return [];
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const required = schema.required?.includes(key) ?? false;
    return [rowOf(path, field, required), ...fieldsIn(field, path)];
  });
  const each = schema.additionalProperties;
  const { items } = schema;
  const alternatives = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap((option) =>
    typeof option === 'boolean' ? [] : [option],
  );
  return [
    ...fields,
    ...(typeof each === 'object' && each !== null ? fieldsIn(each, `${prefix}.<name>`) : []),
    ...(typeof items === 'object' && !Array.isArray(items) ? fieldsIn(items, `${prefix}[]`) : []),
    ...alternatives.flatMap((option) => fieldsIn(option, prefix)),
  ];
}

function rowOf(field: string, schema: JsonSchema, required: boolean): Row {
  const description = (schema.description ?? '').replaceAll('|', '\\|');
  const [, meaning, byDefault] = /^(.*) Default: (.*)\.$/.exec(description) ?? [];
  return {
    field,
    kind: kindOf(schema),
    needed: required ? '**required**' : (byDefault ?? ''),
    meaning: meaning ?? description,
  };
}

function kindOf(schema: JsonSchema): string {
  const [first, second] = schema.anyOf ?? [];
  if (typeof first === 'object' && typeof second === 'object' && second.type === 'object')
    return `${kindOf(first)}, or ${kindOf(second)}`;
  const own = first ?? schema;
  if (typeof own === 'boolean') return 'any';
  if (own.const !== undefined) return `\`${String(own.const)}\``;
  if (own.enum !== undefined) return own.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (own.type === 'array') return 'list';
  if (own.type === 'object') return 'block';
  if (own.type === 'boolean') return '`true`, `false`';
  return own.type === 'integer' || own.type === 'number' ? 'number' : 'text';
}
