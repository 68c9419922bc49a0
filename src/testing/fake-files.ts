import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { OrchError } from '../core/base/errors.ts';
import type { FileSwap, Ownership, Stat } from '../core/host/connection.ts';

/** One entry of the fake file system. */
export interface FakeNode {
  readonly type: 'file' | 'directory';
  readonly content: Buffer;
  readonly mode: string;
  readonly owner: string | number;
  readonly group: string | number;
}

const EMPTY = Buffer.alloc(0);
const DIRECTORY: FakeNode = { type: 'directory', content: EMPTY, mode: '0755', owner: 'root', group: 'root' };
const ACCOUNTS: Readonly<Record<string, number>> = { root: 0, ops: 1000 };

/** A fake host's file system: a map of absolute paths, with the operations of a real one. */
export class FakeFiles extends Map<string, FakeNode> {
  constructor() {
    super([['/', DIRECTORY]]);
  }

  stat(path: string): Stat | null {
    const node = this.get(path);
    if (node === undefined) return null;
    const { type, mode } = node;
    const names = { owner: nameOf(node.owner), group: nameOf(node.group) };
    return { type, mode, uid: idOf(node.owner), gid: idOf(node.group), ...names, size: node.content.length };
  }

  sha256(path: string): string | null {
    const node = this.get(path);
    return node?.type === 'file' ? createHash('sha256').update(node.content).digest('hex') : null;
  }

  read(path: string, limit: number): Buffer | null {
    const node = this.get(path);
    if (node?.type !== 'file') return null;
    const { length } = node.content;
    if (length > limit) throw new OrchError('FILE_TOO_LARGE', `${path} has ${length} bytes, at most ${limit} are read`);
    return node.content;
  }

  tree(path: string): Readonly<Record<string, number>> | null {
    if (this.get(path)?.type !== 'directory') return null;
    const below = [...this].filter(([at, node]) => at.startsWith(`${path}/`) && node.type === 'file');
    return Object.fromEntries(below.map(([at, node]) => [at.slice(path.length + 1), node.content.length]));
  }

  write(path: string, content: Buffer, ownership: Ownership): void {
    const parent = posix.dirname(path);
    if (this.get(parent)?.type !== 'directory') throw new OrchError('COMMAND_FAILED', `${parent} is not a directory`);
    const { mode, owner, group } = ownership;
    this.set(path, { type: 'file', content, mode, owner, group });
  }

  /** False: its content differs from `from`. */
  swap(path: string, { from, to }: FileSwap, ownership: Ownership): boolean {
    const now = this.sha256(path);
    const wanted = to === null ? null : createHash('sha256').update(to).digest('hex');
    if (now === wanted) return true;
    if (now !== from) return false;
    if (to === null) this.remove(path);
    else this.write(path, Buffer.from(to), ownership);
    return true;
  }

  makeDirectory(path: string, ownership: Ownership): void {
    for (let parent = posix.dirname(path); !this.has(parent); parent = posix.dirname(parent))
      this.set(parent, DIRECTORY);
    this.set(path, { ...DIRECTORY, ...ownership });
  }

  own(path: string, ownership: Ownership): void {
    const node = this.get(path);
    if (node === undefined) throw new OrchError('COMMAND_FAILED', `chmod: ${path} is not there`);
    this.set(path, { ...node, ...ownership });
  }

  remove(path: string): void {
    for (const at of [...this.keys()]) if (at === path || at.startsWith(`${path}/`)) this.delete(at);
  }

  /** Everything that a test may compare before and after. */
  snapshot(): unknown {
    return [...this]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, node]) => ({ path, ...node, content: node.content.toString('base64') }));
  }
}

const idOf = (account: string | number): number =>
  typeof account === 'number' ? account : (ACCOUNTS[account] ?? 65_534);
const nameOf = (account: string | number): string =>
  typeof account === 'string'
    ? account
    : (Object.entries(ACCOUNTS).find(([, id]) => id === account)?.[0] ?? String(account));
