import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../core/base/data.ts';
import type { PlainYaml, YamlValue } from '../../tasks/yaml-file/yaml-value.ts';
import { guarded } from './container-block.ts';

/** A configuration as settings laid over those that api7-orch writes by itself. */
export interface ConfigBlock {
  readonly config: { readonly [key: string]: YamlValue };
  /** Settings of api7-orch that the configuration does not have: they would be added. */
  readonly lacks: readonly string[];
}

type Fields = { readonly [key: string]: PlainYaml };

const fieldsOf = (value: unknown): Fields => (isRecord(value) ? (value as Fields) : {});

/**
 * The content of `api7.config` that makes the file equal to the found one. `aside`: dotted paths of blocks and
 * settings that have another place, or that adoption changes.
 *
 * @example configBlock({ a: 1, b: { c: 2 } }, { b: { c: 2, d: 3 } }, []) // { config: { a: 1 }, lacks: ['b.d'] }
 */
export function configBlock(found: PlainYaml | undefined, base: unknown, aside: readonly string[]): ConfigBlock {
  const isAside = (path: string): boolean => aside.some((one) => path === one || path.startsWith(`${one}.`));
  const lacks: string[] = [];

  const missing = (value: unknown, path: string): void => {
    if (isAside(path)) return;
    if (isRecord(value) && Object.keys(value).length > 0)
      for (const [key, field] of Object.entries(value)) missing(field, `${path}.${key}`);
    else lacks.push(path);
  };

  const rest = (is: Fields, by: Fields, path: string): { readonly [key: string]: YamlValue } => {
    for (const [key, field] of Object.entries(by))
      if (is[key] === undefined || is[key] === null) missing(field, `${path}${key}`);
    return Object.fromEntries(
      Object.entries(is).flatMap(([key, value]): readonly (readonly [string, YamlValue])[] => {
        const at = `${path}${key}`;
        // An empty setting is none.
        if (value === null || isAside(at)) return [];
        const below = by[key];
        if (!isRecord(value)) return isDeepStrictEqual(value, below) ? [] : [[key, guardedTree(key, value)]];
        const left = rest(value, fieldsOf(below), `${at}.`);
        const isEmpty = Object.keys(left).length === 0;
        return isEmpty && (below !== undefined || Object.keys(value).length > 0) ? [] : [[key, left]];
      }),
    );
  };
  return { config: rest(fieldsOf(found), fieldsOf(base), ''), lacks };
}

/** The names of all blocks above can mark a value as secret, too. */
function guardedTree(name: string, value: PlainYaml): YamlValue {
  if (typeof value === 'string') return guarded(name, value);
  if (Array.isArray(value)) return value.map((item: PlainYaml) => guardedTree(name, item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, guardedTree(key, field)]));
}
