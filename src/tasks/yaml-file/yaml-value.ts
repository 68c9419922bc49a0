import { z } from 'zod';
import { isRecord } from '../../core/base/data.ts';
import { MASK, Secret } from '../../core/base/secret.ts';

/** Content of a YAML file: plain data, with a secret instead of any text. Fields that are `undefined` are left out. */
export type YamlValue =
  | null
  | boolean
  | number
  | string
  | Secret
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Data read from a YAML text, or written to one. */
export type PlainYaml = null | boolean | number | string | readonly PlainYaml[] | { readonly [key: string]: PlainYaml };

/** Path of a value that YAML cannot represent (a function, a date, NaN); undefined: none. */
function misfit(value: unknown, path = ''): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value instanceof Secret)
    return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${path || 'it'} is ${value}`;
  if (Array.isArray(value)) return firstMisfit(value.map((item, index) => [`${path}[${index}]`, item]));
  if (isRecord(value))
    return firstMisfit(
      Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([key, field]) => [path === '' ? key : `${path}.${key}`, field]),
    );
  return `${path || 'it'} is ${value === undefined ? 'undefined' : `a ${value.constructor?.name ?? typeof value}`}`;
}

function firstMisfit(items: readonly (readonly [path: string, value: unknown])[]): string | undefined {
  for (const [path, value] of items) {
    const found = misfit(value, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

const fits = (value: unknown): value is YamlValue => misfit(value) === undefined;

export const yamlValue = z.custom<object>().transform((value, context): YamlValue => {
  if (fits(value)) return value;
  context.addIssue({ code: 'custom', message: `must be plain data or secrets, but ${misfit(value)}` });
  return z.NEVER;
});

export function hasSecret(value: YamlValue | undefined): boolean {
  if (value instanceof Secret) return true;
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some(hasSecret);
}

/** The value with each secret passed through `open`. */
export function toPlainYaml(value: YamlValue, open: (secret: Secret) => string): PlainYaml {
  if (value instanceof Secret) return open(value);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((item) => toPlainYaml(item, open));
  const fields = Object.entries(value).flatMap(([key, field]) =>
    field === undefined ? [] : [[key, toPlainYaml(field, open)] as const],
  );
  return Object.fromEntries(fields);
}

// Array.isArray does not narrow readonly arrays out of a union.
export const isList = (value: unknown): value is readonly never[] | readonly YamlValue[] => Array.isArray(value);

export const masked = (value: YamlValue): PlainYaml => toPlainYaml(value, () => MASK);
