import { diff } from '../core/task/diff.ts';
import { isRecord, type PlainYaml } from '../tasks/yaml-file/yaml-value.ts';

/** What adoption adds to a configuration that does not have it: the values that are in force without it. */
const ADDED = { path: ['nginx_config', 'worker_shutdown_timeout'], value: '240s' } as const;

/** Health checks ask it: adoption sets it. */
const STATUS = ['apisix', 'status'] as const;

/** Paths that a message names. */
const MOST = 10;

/**
 * Where the configuration that a process has differs from each of those that would do; empty where it equals one, but for the status
 * block. Paths only, for values may be secrets.
 *
 * @example configDiffers({ apisix: { ssl: true } }, [{ apisix: { status: { port: 7085 } } }]) // ['apisix.ssl']
 */
export function configDiffers(now: PlainYaml, wanted: readonly PlainYaml[]): readonly string[] {
  const is = without(now, STATUS);
  const all = wanted.map((one) => {
    const bare = without(one, STATUS);
    return at(is, ADDED.path) === undefined && at(bare, ADDED.path) === ADDED.value ? without(bare, ADDED.path) : bare;
  });
  const differences = all.map((one) => diff(is, one).map(({ path }) => path || 'its form'));
  if (differences.some((paths) => paths.length === 0)) return [];
  return (differences[0] ?? []).slice(0, MOST);
}

function at(tree: PlainYaml, [key, ...rest]: readonly string[]): PlainYaml | undefined {
  if (key === undefined) return tree;
  const value = isRecord(tree) && Object.hasOwn(tree, key) ? (tree[key] as PlainYaml) : undefined;
  return value === undefined ? undefined : at(value, rest);
}

/** The tree without what is at a path, and without the blocks that are empty then. */
function without(tree: PlainYaml, [key, ...rest]: readonly string[]): PlainYaml {
  if (key === undefined || !isRecord(tree) || !Object.hasOwn(tree, key)) return tree;
  const fields = tree as { readonly [key: string]: PlainYaml };
  const { [key]: value, ...others } = fields;
  if (rest.length === 0 || value === undefined) return others;
  const left = without(value, rest);
  return isRecord(left) && Object.keys(left).length === 0 ? others : { ...others, [key]: left };
}
