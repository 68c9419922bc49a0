import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ArchiveBudget } from '../../core/bounds/archive-budget.ts';

/** A file of an image archive. Small files that look like JSON keep their text: manifests and configurations. */
export interface TarFile {
  /** `sha256:…` of its content. */
  readonly digest: string;
  readonly size: number;
  readonly gzip: boolean;
  readonly text: string | undefined;
}

const SMALL = 1 << 20;

const CHUNK = 256 * 1024;

const isGzip = (start: Uint8Array | undefined): boolean => start?.[0] === 0x1f && start[1] === 0x8b;

const isJson = (start: Uint8Array): boolean => /^\s*[[{]/.test(Buffer.from(start).toString('latin1', 0, 64));

/**
 * All files of a .tar or .tar.gz by name, read once as a stream; links are replaced by their targets.
 *
 * @throws Error when it is no such archive, a blob does not match its name, or reading it would cost too much
 */
export async function tarFiles(archive: AsyncIterable<unknown>): Promise<ReadonlyMap<string, TarFile>> {
  // Twenty source files, needed only for packages and images.
  const { default: tar } = await import('tar-stream');
  const budget = new ArchiveBudget();
  const files = new Map<string, TarFile>();
  const links: (readonly [name: string, target: string])[] = [];
  const entries = tar.extract();
  const { packed, zipped } = await opened(archive, budget);
  const source = Readable.from(packed, { objectMode: false });
  const measured = (chunks: AsyncIterable<unknown>): AsyncIterable<unknown> => budget.measured(chunks);
  const stop = new AbortController();
  const { signal } = stop;
  const flow = zipped
    ? pipeline(source, createGunzip({ chunkSize: CHUNK }), measured, entries, { signal })
    : pipeline(source, measured, entries, { signal });
  const visits = (async () => {
    for await (const entry of entries) {
      budget.entry(entry.header);
      const { type, size = 0, linkname } = entry.header;
      const name = entry.header.name.replace(/^(?:\.\/+)+/, '');
      if ((type === 'symlink' || type === 'link') && linkname)
        links.push([name, type === 'link' ? linkname : beside(name, linkname)]);
      if (type === 'file' || type === 'contiguous-file') files.set(name, await fileOf(entry, size, budget));
      entry.resume();
    }
  })();
  try {
    await Promise.all([visits, flow]);
  } catch (error) {
    stop.abort();
    await Promise.allSettled([flow, visits]);
    throw error;
  }
  for (const [name, target] of links) {
    const file = files.get(target);
    if (file !== undefined) files.set(name, file);
  }
  refuseForgedBlob(files);
  return files;
}

/** Detects compression by the first bytes. */
async function opened(
  archive: AsyncIterable<unknown>,
  budget: ArchiveBudget,
): Promise<{ readonly packed: AsyncIterable<Uint8Array>; readonly zipped: boolean }> {
  const chunks = archive[Symbol.asyncIterator]();
  const next = async (): Promise<Uint8Array | undefined> => {
    const { value, done } = await chunks.next();
    if (done === true || !(value instanceof Uint8Array)) return undefined;
    budget.packed(value.length);
    return value;
  };
  const first = await next();
  const packed = async function* (): AsyncGenerator<Uint8Array> {
    for (let chunk = first; chunk !== undefined; chunk = await next()) yield chunk;
  };
  return { packed: packed(), zipped: isGzip(first) };
}

const beside = (name: string, link: string): string => new URL(link, `file:///${name}`).pathname.slice(1);

async function fileOf(content: AsyncIterable<unknown>, size: number, budget: ArchiveBudget): Promise<TarFile> {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let start: Uint8Array | undefined;
  let keep = false;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) continue;
    if (start === undefined) keep = size <= SMALL && isJson(chunk) && budget.mayKeep(size);
    start ??= chunk;
    hash.update(chunk);
    if (keep) kept.push(chunk);
  }
  const text = keep ? Buffer.concat(kept).toString('utf8') : undefined;
  return { digest: `sha256:${hash.digest('hex')}`, size, gzip: isGzip(start), text };
}

/** An OCI layout names each blob by its digest: another content means damage or forgery. */
function refuseForgedBlob(files: ReadonlyMap<string, TarFile>): void {
  for (const [name, { digest }] of files) {
    const [, named] = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name) ?? [];
    if (named !== undefined && digest !== `sha256:${named}`)
      throw new Error(`the content of its blob sha256:${named} has the digest ${digest}`);
  }
}
