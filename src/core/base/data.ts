import { createHash } from 'node:crypto';

/** Plain data, as in JSON. Task states consist of it. Never bytes, never class instances. */
export type Data = null | boolean | number | string | readonly Data[] | { readonly [key: string]: Data };

/** Whether it is a plain object: no list, no class instance. */
export const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;

/**
 * One text per value: sorted keys, no `undefined` fields, no white space. Digests are taken of this form, so it must
 * never change: golden tests pin it.
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

/** Digest of a value's canonical JSON. The prefix names the version of the form, so that a later version can differ. */
export const digestOf = (value: unknown): string => `v1:${sha256(canonicalJson(value))}`;

/** An object type in which fields that may be undefined become optional. */
type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * The object without its undefined fields, so that it can be merged over defaults.
 *
 * @example const ssh = { port: 22, ...defined({ port: given.port, user: given.user }) };
 */
export function defined<T extends object>(fields: T): Defined<T> {
  // The remaining fields are the ones that the type names.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
