import { isDeepStrictEqual } from 'node:util';
import { PORTS } from '../api7/paths.ts';
import { isRecord } from '../core/base/data.ts';
import { diff } from '../core/task/diff.ts';
import type { PlainYaml } from '../tasks/yaml-file/yaml-value.ts';

type Path = readonly string[];

/**
 * Settings that adoption adds to a configuration that does not have them, with values that are in force without them or that change no
 * request.
 */
const ADDED: readonly { readonly path: Path; readonly values: readonly PlainYaml[] }[] = [
  { path: ['nginx_config', 'worker_shutdown_timeout'], values: ['240s'] },
  { path: ['database', 'max_lifetime'], values: ['1h'] },
  // TLS is on where a file does not state it.
  { path: ['server', 'tls', 'disable'], values: [false] },
  { path: ['server', 'tls', 'host'], values: ['0.0.0.0'] },
  { path: ['server', 'tls', 'port'], values: [PORTS.dashboard.https, PORTS.dpManager.https] },
];

/** Adoption sets them: health checks ask the one, the other is where a service listens inside its container. */
const IGNORED: readonly Path[] = [
  ['apisix', 'status'],
  ['server', 'listen', 'port'],
];

/** Paths that a message names. */
const MOST = 10;

/**
 * Where the configuration that a process has differs from the one that api7-orch writes; empty where they are equal, but for what adoption
 * sets or adds. Paths only, for values may be secrets.
 *
 * @example configDiffers({ apisix: { ssl: true } }, { apisix: { status: { port: 7085 } } }) // ['apisix.ssl']
 */
export function configDiffers(now: PlainYaml, wanted: PlainYaml): readonly string[] {
  const is = IGNORED.reduce(without, withoutEmpty(now));
  const added = ADDED.filter(({ path, values }) => {
    const value = at(wanted, path);
    return at(is, path) === undefined && values.some((one) => isDeepStrictEqual(one, value));
  });
  const bare = [...IGNORED, ...added.map(({ path }) => path)].reduce(without, wanted);
  return diff(is, bare)
    .map(({ path }) => path || 'its form')
    .slice(0, MOST);
}

function at(tree: PlainYaml, [key, ...rest]: Path): PlainYaml | undefined {
  if (key === undefined) return tree;
  const value = isRecord(tree) && Object.hasOwn(tree, key) ? (tree[key] as PlainYaml) : undefined;
  return value === undefined ? undefined : at(value, rest);
}

/** The tree without what is at a path, and without the blocks that are empty then. */
function without(tree: PlainYaml, [key, ...rest]: Path): PlainYaml {
  if (key === undefined || !isRecord(tree) || !Object.hasOwn(tree, key)) return tree;
  const fields = tree as { readonly [key: string]: PlainYaml };
  const { [key]: value, ...others } = fields;
  if (rest.length === 0 || value === undefined) return others;
  const left = without(value, rest);
  return isRecord(left) && Object.keys(left).length === 0 ? others : { ...others, [key]: left };
}

/** A setting without a value is none. */
function withoutEmpty(tree: PlainYaml): PlainYaml {
  if (!isRecord(tree)) return tree;
  const fields = Object.entries(tree as { readonly [key: string]: PlainYaml });
  return Object.fromEntries(fields.flatMap(([key, value]) => (value === null ? [] : [[key, withoutEmpty(value)]])));
}
