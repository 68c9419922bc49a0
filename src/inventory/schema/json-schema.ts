import { z } from 'zod';
import { inventoryFile } from './schema.ts';

/** The editor's view of `!env NAME` and `!file path` for a number or a choice: the tag's bare argument. */
const TAGGED = {
  type: 'string',
  pattern: '^([A-Z_][A-Z0-9_]*|.*[./].*)$',
  description: 'argument of !env or !file',
} as const;

/**
 * JSON Schema (draft 7) of the inventory file for editors. It has fields, types and descriptions; existing names and
 * similar rules are checked on load only. Editors need the tags: in VS Code `"yaml.customTags": ["!env scalar", "!file
 * scalar"]`.
 */
export function inventoryJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(inventoryFile, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.type !== 'integer' && jsonSchema.enum === undefined) return;
      const { type, enum: values, minimum, maximum } = jsonSchema;
      for (const key of ['type', 'enum', 'minimum', 'maximum'] as const) delete jsonSchema[key];
      const own = values === undefined ? { type, minimum, maximum } : { type, enum: values };
      Object.assign(jsonSchema, { anyOf: [own, TAGGED] });
    },
  });
}
