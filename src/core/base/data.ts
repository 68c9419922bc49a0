import { createHash } from 'node:crypto';

/** Plain data, as JSON has it: what task states are made of. Never bytes, never class instances. */
export type Data = null | boolean | number | string | readonly Data[] | { readonly [key: string]: Data };

/**
 * One text per value: keys sorted, `undefined` fields left out, no white space. Digests are taken over this form,
 * so it must never change: golden tests pin it.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON());
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

/** Lower-case hex sha256. */
export const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Digest of a value's canonical JSON. The prefix names the version of the form, so that a later one can differ on purpose. */
export const digestOf = (value: unknown): string => `v1:${sha256(canonicalJson(value))}`;
