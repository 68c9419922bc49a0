import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { codeOf, OrchError } from '../core/base/errors.ts';
import { readUtf8 } from '../core/base/utf8.ts';
import { check, checkHosts } from './check/check.ts';
import { fieldsOf } from './check/loose.ts';
import type { Inventory } from './inventory.ts';
import { dotted, type Problem } from './problem.ts';
import { explain } from './read/explain.ts';
import { plainTree } from './read/plain-tree.ts';
import { byPosition, type Positions, positionsOf } from './read/positions.ts';
import { readTags } from './read/read-tags.ts';
import { readYaml } from './read/read-yaml.ts';
import { resolveHosts } from './resolve/hosts.ts';
import { type FileOrder, resolveInventory } from './resolve/resolve.ts';
import { hostsFile, inventoryFile } from './schema/schema.ts';

export interface LoadInventoryOptions {
  /** The environment for `!env`; default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** From `-e`: override every variable of the file, for all hosts. */
  readonly extraVars?: Readonly<Record<string, unknown>>;
}

/** An inventory with the positions of its values in the file. */
export interface LocatedInventory {
  readonly inventory: Inventory;
  readonly positions: Positions;
}

/**
 * Reads, checks and resolves an inventory. Makes no connection; reads only the inventory and the files named by
 * `!file`.
 *
 * @throws OrchError INVENTORY_INVALID, one line `file:line:column: …` per problem, all of them; INVENTORY_UNREADABLE
 * @example const inventory = await loadInventory('prod.yaml')
 */
export const loadInventory = async (path: string, options: LoadInventoryOptions = {}): Promise<Inventory> =>
  (await locateInventory(path, options)).inventory;

/** `loadInventory` with the positions in the file, for recommendations. @throws OrchError as `loadInventory` */
export async function locateInventory(path: string, options: LoadInventoryOptions = {}): Promise<LocatedInventory> {
  const { data, tree, file, positions } = await readChecked(path, inventoryFile, check, options);
  const inventory = resolveInventory(data, { path: file, order: orderOf(tree) }, options.extraVars ?? {});
  return { inventory, positions };
}

/** Hosts and how they are reached, without what runs there. */
export interface HostsInventory extends Pick<Inventory, 'file' | 'dir' | 'cluster' | 'hosts' | 'groups'> {
  /** The file as it was written: blocks are Maps, tags are `Tagged`. */
  readonly written: ReadonlyMap<string, unknown>;
}

/**
 * Reads an inventory that has hosts, groups and ssh alone: all that discovery needs.
 *
 * @throws OrchError as `loadInventory`
 * @example const { hosts } = await loadHosts('hosts.yaml')
 */
export async function loadHosts(path: string, options: LoadInventoryOptions = {}): Promise<HostsInventory> {
  const { data, tree, file, written } = await readChecked(path, hostsFile, checkHosts, options, HOSTS_HINT);
  const { hosts, names } = resolveHosts(data, { path: file, order: orderOf(tree) }, options.extraVars ?? {});
  return { file, dir: dirname(file), cluster: data.cluster, hosts, groups: names.groups, written: fieldsOf(written) };
}

/** A file of hosts is not a whole inventory: to validate it as one would report what it must not have. */
const HOSTS_HINT = 'nothing was connected to; name a file with cluster, ssh, hosts and groups alone';

interface Checked<Schema extends z.ZodType> {
  readonly data: z.output<Schema>;
  /** With every tag read, and as it was written. */
  readonly tree: unknown;
  readonly written: unknown;
  /** Absolute path. */
  readonly file: string;
  readonly positions: Positions;
}

async function readChecked<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  checkTree: (tree: unknown) => readonly Problem[],
  { env = process.env }: LoadInventoryOptions,
  hint?: string,
): Promise<Checked<Schema>> {
  const file = resolve(path);
  const source = await readSource(path);
  const yaml = readYaml(source);
  if (!yaml.ok) throw invalid(path, [`${path}:${yaml.at.line}:${yaml.at.col}: ${yaml.message}`]);
  const positions = positionsOf(source);
  const read = await readTags(yaml.tree, { env, dir: dirname(file), written: positions.written });
  if (!read.whole) throw invalid(path, lines(path, read.problems, positions));
  const tree = plainTree(read.tree);
  const parsed = schema.safeParse(tree);
  // An unreadable value is reported once; the schema's complaint about the gap is dropped.
  const unread = new Set(read.problems.map((problem) => dotted(problem.path)));
  const wrong = [...(parsed.success ? [] : explain(parsed.error.issues, tree)), ...checkTree(read.tree)];
  const problems = [...read.problems, ...wrong.filter((problem) => !unread.has(dotted(problem.path)))];
  if (problems.length > 0 || !parsed.success) throw invalid(path, lines(path, problems, positions), hint);
  return { data: parsed.data, tree: read.tree, written: yaml.tree, file, positions };
}

function orderOf(tree: unknown): FileOrder {
  const file = fieldsOf(tree);
  const names = (block: string): readonly string[] => [...fieldsOf(file.get(block)).keys()];
  return {
    hosts: names('hosts'),
    groups: names('groups'),
    gatewayGroups: names('gateway_groups'),
    pools: names('load_balancers'),
  };
}

async function readSource(path: string): Promise<string> {
  const content = readUtf8(await readBytes(path));
  if ('text' in content) return content.text;
  throw invalid(path, [`${path}:${content.line}:1: the file ${content.problem}`]);
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = codeOf(cause) || String(cause);
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${code}`;
    throw new OrchError('INVENTORY_UNREADABLE', `inventory ${path} ${why}`, {
      hint: 'name the file with -i; inventory.example.yaml is one to start from',
      cause,
    });
  }
}

/** One line per problem, in the order of the file. */
function lines(path: string, problems: readonly Problem[], positions: Positions): readonly string[] {
  return problems
    .map((problem) => ({ problem, at: positions.at(problem.path, problem.at) }))
    .sort(byPosition)
    .map(({ problem, at }) => {
      const place = dotted(problem.path);
      return `${path}:${at.line}:${at.col}: ${place === '' ? '' : `${place}: `}${problem.message}`;
    });
}

const invalid = (
  path: string,
  problems: readonly string[],
  hint = `nothing was connected to; correct the file and try "api7-orch inventory validate -i ${path}"`,
): OrchError => new OrchError('INVENTORY_INVALID', problems.join('\n'), { hint });
