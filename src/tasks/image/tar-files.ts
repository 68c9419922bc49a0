import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** A file of an image archive. Small ones keep their text: manifests and configurations are among them. */
export interface TarFile {
  /** `sha256:…` of its content. */
  readonly digest: string;
  readonly size: number;
  readonly gzip: boolean;
  readonly text: string | undefined;
}

const SMALL = 1 << 20;

const isGzip = (start: Uint8Array | undefined): boolean => start?.[0] === 0x1f && start[1] === 0x8b;

/** Every file of a .tar or .tar.gz held in memory, by name; links stand for what they point to. */
export async function tarFiles(archive: Buffer): Promise<ReadonlyMap<string, TarFile>> {
  // Twenty files, for packages and images alone.
  const { default: tar } = await import('tar-stream');
  const files = new Map<string, TarFile>();
  const links: (readonly [name: string, target: string])[] = [];
  const entries = tar.extract();
  const source = Readable.from([archive], { objectMode: false });
  const flow = isGzip(archive) ? pipeline(source, createGunzip(), entries) : pipeline(source, entries);
  const visits = (async () => {
    for await (const entry of entries) {
      const { type, size = 0, linkname } = entry.header;
      const name = entry.header.name.replace(/^(?:\.\/+)+/, '');
      if ((type === 'symlink' || type === 'link') && linkname)
        links.push([name, type === 'link' ? linkname : beside(name, linkname)]);
      if (type === 'file' || type === 'contiguous-file') files.set(name, await fileOf(entry, size));
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

const beside = (name: string, link: string): string => new URL(link, `file:///${name}`).pathname.slice(1);

async function fileOf(content: AsyncIterable<unknown>, size: number): Promise<TarFile> {
  const hash = createHash('sha256');
  const kept: Uint8Array[] = [];
  let gzip: boolean | undefined;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) continue;
    gzip ??= isGzip(chunk);
    hash.update(chunk);
    if (size <= SMALL) kept.push(chunk);
  }
  const text = size <= SMALL && !gzip ? Buffer.concat(kept).toString('utf8') : undefined;
  return { digest: `sha256:${hash.digest('hex')}`, size, gzip: gzip ?? false, text };
}
