import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The content of a directory: each entry's mode, owner and digest, and separately its identity and times. */
export interface Tree {
  readonly content: Readonly<Record<string, string>>;
  readonly touched: Readonly<Record<string, string>>;
}

/** Reads the trees of all hosts, independently of the tools that wrote them. */
export function treesOf(directory: string, hosts: readonly { readonly name: string }[]): ReadonlyMap<string, Tree> {
  return new Map(hosts.map(({ name }) => [name, treeOf(join(directory, name), name)]));
}

function treeOf(directory: string, host: string): Tree {
  const content: Record<string, string> = {};
  const touched: Record<string, string> = {};
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((entry) => join(directory, entry));
  for (const path of [directory, ...entries].sort()) {
    const at = relative(directory, path) || '.';
    const { mode, uid, gid, ino, ctimeMs, mtimeMs } = lstatSync(path);
    const isFile = (mode & 0o170000) === 0o100000;
    content[at] = [mode.toString(8), uid, gid, isFile ? digest(path, host) : ''].join(' ');
    touched[at] = [ino, ctimeMs, mtimeMs].join(' ');
  }
  return { content, touched };
}

/** A host's name inside a file is replaced, so that the trees of two hosts can be compared. */
function digest(path: string, host: string): string {
  const bytes = readFileSync(path);
  const text = bytes.length < 10_000 ? bytes.toString().replaceAll(host, 'HOST') : bytes;
  return createHash('sha256').update(text).digest('hex');
}

export function emptyTrees(directory: string): void {
  for (const entry of readdirSync(directory)) rmSync(join(directory, entry), { recursive: true, force: true });
}

const differing = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly string[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path]).sort();

/** Throws unless every host has the same tree. Returns that tree, for comparison between tools. */
export function expectAlike(trees: ReadonlyMap<string, Tree>, like?: Tree['content']): Tree['content'] {
  const [first] = trees.values();
  const wanted = like ?? first?.content ?? {};
  for (const [host, { content }] of trees) {
    const wrong = differing(wanted, content);
    if (wrong.length > 0)
      throw new Error(`${host}: ${wrong.map((at) => `${at}: ${content[at]} for ${wanted[at]}`).join('; ')}`);
  }
  return wanted;
}

/** Throws unless exactly these files were written on every host between two readings (directories are not counted). */
export function expectTouched(
  before: ReadonlyMap<string, Tree>,
  after: ReadonlyMap<string, Tree>,
  files: readonly string[],
): void {
  for (const [host, tree] of after) {
    const touched = differing(before.get(host)?.touched ?? {}, tree.touched).filter(
      (at) => !tree.content[at]?.startsWith('40'),
    );
    if (touched.join() !== files.join())
      throw new Error(`${host}: changed [${touched.join(', ')}], expected [${files.join(', ')}]`);
  }
}
