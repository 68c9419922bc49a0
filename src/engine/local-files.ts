import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { OrchError } from '../core/errors.ts';
import type { LocalFiles } from '../core/local-files.ts';

/**
 * The controller's files, each read at most once per run for each question: archives are listed and digested in one
 * pass, whoever asks first.
 *
 * @example const files = localFiles(); await files.sha256('/srv/api7-3.10.5-dp.tar.gz')
 */
export function localFiles(): LocalFiles {
  const digests = new Map<string, Promise<string>>();
  const listings = new Map<string, Promise<Listing>>();
  const listing = (path: string): Promise<Listing> => memo(listings, path, () => list(path));
  return {
    sha256: (path) => memo(digests, path, async () => (await listings.get(path))?.sha256 ?? digest(path)),
    size: async (path) => (await present(path)).size,
    async read(path) {
      await present(path);
      return readFile(path);
    },
    archive: async (path) => (await listing(path)).members,
    archiveMember: (path, member) => extract(path, member),
  };
}

async function memo<T>(known: Map<string, Promise<T>>, path: string, work: () => Promise<T>): Promise<T> {
  const running = known.get(path) ?? work();
  known.set(path, running);
  return running;
}

async function present(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path).catch((cause: unknown) => missing(path, cause));
  return found.isFile() ? { size: found.size } : missing(path, undefined);
}

function missing(path: string, cause: unknown): never {
  const denied = cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
  throw new OrchError('LOCAL_FILE_MISSING', `${path} ${denied ? 'may not be read' : 'is not a file on this machine'}`, {
    hint: denied ? 'give this user the right to read it' : 'correct the path in the inventory, or put the file there',
    cause,
  });
}

async function digest(path: string): Promise<string> {
  await present(path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

interface Listing {
  readonly sha256: string;
  readonly members: Readonly<Record<string, number>>;
}

/** Reads a whole archive to its end: one that was cut short, or damaged anywhere, is found here and not on a host. */
async function list(path: string): Promise<Listing> {
  const hash = createHash('sha256');
  const members: Record<string, number> = {};
  await walk(
    path,
    (chunk) => hash.update(chunk),
    async ({ name, size }) => {
      members[name] = size;
      return true;
    },
  );
  if (Object.keys(members).length === 0) throw damaged(path, 'it holds no files', undefined);
  return { sha256: hash.digest('hex'), members };
}

async function extract(path: string, member: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let found = false;
  await walk(
    path,
    () => {},
    async ({ name, content }) => {
      if (name !== member) return true;
      found = true;
      for await (const chunk of content) if (chunk instanceof Uint8Array) chunks.push(chunk);
      return false;
    },
  );
  if (found) return Buffer.concat(chunks);
  throw new OrchError('PACKAGE_LACKS', `${path} has no member ${member}`, {
    hint: 'check that it is the right package',
  });
}

interface Member {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly content: AsyncIterable<unknown>;
}

/** Calls `visit` for each regular file of a .tar.gz, until it answers false. What it leaves unread is skipped. */
async function walk(
  path: string,
  raw: (chunk: Buffer) => void,
  visit: (member: Member) => Promise<boolean>,
): Promise<void> {
  await present(path);
  const source = createReadStream(path, { highWaterMark: 1 << 20 });
  const unpacked = createGunzip();
  const entries = tar.extract();
  const tap = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      raw(chunk);
      yield chunk;
    }
  };
  const stop = new AbortController();
  const flow = pipeline(Readable.from(tap(source)), unpacked, entries, { signal: stop.signal });
  const visits = (async () => {
    for await (const entry of entries) {
      const { type, name, size } = entry.header;
      const regular = type === 'file' || type === 'contiguous-file';
      if (regular && !(await visit({ name: memberName(path, name), size, content: entry }))) return stop.abort();
      entry.resume();
    }
  })();
  try {
    await Promise.all([visits, flow]);
  } catch (error) {
    if (stop.signal.aborted || error instanceof OrchError) {
      source.destroy();
      await Promise.allSettled([flow, visits]);
    }
    if (stop.signal.aborted) return;
    throw error instanceof OrchError ? error : damaged(path, reason(error), error);
  }
}

/** Names as a host's file tree has them. One that would lead out of the directory is refused before any host sees it. */
function memberName(path: string, name: string): string {
  const plain = name.replace(/^(?:\.\/+)+/, '');
  if (plain.startsWith('/') || plain.split('/').includes('..'))
    throw damaged(path, `its member "${name}" would be unpacked outside of the package's directory`, undefined);
  return plain;
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/unexpected end/i.test(message)) return 'it ends too early';
  return /incorrect header check/i.test(message) ? 'it is not gzip-compressed' : message;
}

const damaged = (path: string, why: string, cause: unknown): OrchError =>
  new OrchError('PACKAGE_DAMAGED', `${path} is damaged: ${why}`, {
    hint: 'copy or download it again, and compare its checksum with the one it was published with',
    cause,
  });
