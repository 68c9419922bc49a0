import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ArchiveBudget } from '../../core/bounds/archive-budget.ts';

/** A file of an image archive. Small ones keep their text: manifests and configurations are among them. */
export interface TarFile {
  /** `sha256:…` of its content. */
  readonly digest: string;
  readonly size: number;
  readonly gzip: boolean;
  readonly text: string | undefined;
}

const SMALL = 1 << 20;
const PIECE = 64 * 1024;

const isGzip = (start: Uint8Array | undefined): boolean => start?.[0] === 0x1f && start[1] === 0x8b;

/** Every file of a .tar or .tar.gz held in memory, by name; links stand for what they point to. */
export async function tarFiles(archive: Buffer): Promise<ReadonlyMap<string, TarFile>> {
  // Twenty files, for packages and images alone.
  const { default: tar } = await import('tar-stream');
  const files = new Map<string, TarFile>();
  const links: (readonly [name: string, target: string])[] = [];
  const entries = tar.extract();
  const source = Readable.from(pieces(archive), { objectMode: false });
  const budget = new ArchiveBudget();
  budget.packed(archive.length);
  const measured = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      budget.unpacked(chunk.length);
      yield chunk;
    }
  };
  const flow = isGzip(archive)
    ? pipeline(source, createGunzip(), measured, entries)
    : pipeline(source, measured, entries);
  const visits = (async () => {
    for await (const entry of entries) {
      budget.entry(entry.header);
      const { type, size = 0, linkname } = entry.header;
      const name = entry.header.name.replace(/^(?:\.\/+)+/, '');
      if ((type === 'symlink' || type === 'link') && linkname)
        links.push([name, type === 'link' ? linkname : beside(name, linkname)]);
      if (type === 'file' || type === 'contiguous-file')
        files.set(name, await fileOf(entry, size, size <= SMALL && budget.mayKeep(size)));
      entry.resume();
    }
  })();
  await Promise.all([flow, visits]);
  for (const [name, target] of links) {
    const file = files.get(target);
    if (file !== undefined) files.set(name, file);
  }
  return files;
}

/** In pieces, so that what is too much is noticed before all of it is taken. */
function* pieces(archive: Buffer): Generator<Buffer> {
  for (let at = 0; at < archive.length; at += PIECE) yield archive.subarray(at, at + PIECE);
}

const beside = (name: string, link: string): string => new URL(link, `file:///${name}`).pathname.slice(1);

async function fileOf(content: AsyncIterable<unknown>, size: number, isKept: boolean): Promise<TarFile> {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let gzip: boolean | undefined;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) continue;
    gzip ??= isGzip(chunk);
    hash.update(chunk);
    if (isKept) kept.push(chunk);
  }
  const text = isKept && !gzip ? Buffer.concat(kept).toString('utf8') : undefined;
  return { digest: `sha256:${hash.digest('hex')}`, size, gzip: gzip ?? false, text };
}
