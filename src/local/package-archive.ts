import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { OrchError } from '../core/base/errors.ts';
import { ArchiveBudget } from '../core/bounds/archive-budget.ts';
import { type ArchiveMember, linkFault, plainName } from './archive-paths.ts';

/** The facts of a .tar.gz after reading all of it. */
export interface Listing {
  /** Digest of the archive itself. */
  readonly sha256: string;
  /** Sizes of its regular files, by name. */
  readonly members: Readonly<Record<string, number>>;
}

/**
 * Reads a whole archive. Finds an archive that is truncated, damaged, or would be unpacked outside of its directory,
 * before any host is involved.
 *
 * @throws OrchError PACKAGE_DAMAGED
 * @example const { sha256, members } = await listArchive('/srv/api7-3.10.5-dp.tar.gz')
 */
export async function listArchive(path: string): Promise<Listing> {
  const hash = createHash('sha256');
  const members: Record<string, number> = {};
  const all: ArchiveMember[] = [];
  await walk(
    path,
    (chunk) => hash.update(chunk),
    async ({ name, type, size, target }) => {
      if (type === 'device') throw damaged(path, `its member "${name}" is a device or a pipe`);
      if (type === 'file') members[name] = size;
      all.push(type === 'link' || type === 'symlink' ? { name, link: { hard: type === 'link', target } } : { name });
      return true;
    },
  );
  const fault = linkFault(all);
  if (fault !== undefined) throw damaged(path, fault);
  if (Object.keys(members).length === 0) throw damaged(path, 'it holds no files');
  return { sha256: hash.digest('hex'), members };
}

/**
 * The result of `read` for one regular file of an archive; `read` gets its bytes as a stream.
 *
 * @throws OrchError PACKAGE_LACKS, PACKAGE_DAMAGED
 */
export async function readMember<T>(
  path: string,
  member: string,
  read: (content: AsyncIterable<unknown>) => Promise<T>,
): Promise<T> {
  const found: T[] = [];
  await walk(
    path,
    () => {},
    async ({ name, type, content }) => {
      if (name !== member || type !== 'file') return true;
      found.push(await read(content));
      return false;
    },
  );
  for (const one of found) return one;
  throw new OrchError('PACKAGE_LACKS', `${path} has no member ${member}`, {
    hint: 'check that it is the right package',
  });
}

interface Member {
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'device';
  /** Bytes. */
  readonly size: number;
  /** Target of a link. */
  readonly target: string;
  readonly content: AsyncIterable<unknown>;
}

const TYPES: Readonly<Record<string, Member['type']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link',
};

/** Calls `visit` for each member of a .tar.gz until it returns false. Skips the unread rest of a member. */
async function walk(
  path: string,
  raw: (chunk: Buffer) => void,
  visit: (member: Member) => Promise<boolean>,
): Promise<void> {
  // Twenty source files, needed only for packages and images.
  const { default: tar } = await import('tar-stream');
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const unpacked = createGunzip();
  const entries = tar.extract();
  const budget = new ArchiveBudget();
  const tap = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      budget.packed(chunk.length);
      raw(chunk);
      yield chunk;
    }
  };
  const stop = new AbortController();
  let found = false;
  const measured = (chunks: AsyncIterable<unknown>): AsyncIterable<unknown> => budget.measured(chunks);
  const flow = pipeline(Readable.from(tap(source)), unpacked, measured, entries, { signal: stop.signal });
  const visits = (async () => {
    for await (const entry of entries) {
      budget.entry(entry.header);
      const { type, size = 0, linkname } = entry.header;
      const name = plainName(entry.header.name);
      if (name === null)
        throw damaged(path, `its member "${entry.header.name}" would be unpacked outside of the package's directory`);
      const member = { name, type: TYPES[type ?? 'file'] ?? 'device', size, target: linkname ?? '', content: entry };
      found = !(await visit(member));
      if (found) return stop.abort();
      entry.resume();
    }
  })();
  try {
    await Promise.all([visits, flow]);
  } catch (error) {
    stop.abort();
    source.destroy();
    await Promise.allSettled([flow, visits]);
    if (found) return;
    throw error instanceof OrchError ? error : damaged(path, reason(error), error);
  }
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/unexpected end/i.test(message)) return 'it ends too early';
  return /incorrect header check/i.test(message) ? 'it is not gzip-compressed' : message;
}

const damaged = (path: string, why: string, cause?: unknown): OrchError =>
  new OrchError('PACKAGE_DAMAGED', `${path} is damaged: ${why}`, {
    hint: 'copy or download it again, and compare its checksum with the one it was published with',
    cause,
  });
