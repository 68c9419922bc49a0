import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar, { type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { listArchive } from '../../src/local/package-archive.ts';
import { archivedImages } from '../../src/tasks/image/archived-images.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const MIB = 1024 * 1024;
const directory = temporaryDirectory('archives');

/** The blocks of one entry, without those that end an archive. */
async function entry(
  header: Partial<Header> & { readonly name: string },
  content: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const pack = tar.pack();
  pack.entry({ mtime: new Date(0), size: content.length, ...header }, content);
  pack.finalize();
  return (await buffer(pack)).subarray(0, -1024);
}

const repeated = (block: Buffer, times: number): Buffer => Buffer.concat(Array<Buffer>(times).fill(block));

/** A header that announces a name of this many bytes, as GNU tar writes a long one. */
async function longName(size: number): Promise<Buffer> {
  const [header = Buffer.alloc(0)] = [await entry({ name: '././@LongLink' })];
  const copy = Buffer.from(header.subarray(0, 512));
  copy.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  copy.write('L', 156);
  copy.write('        ', 148);
  copy.write(
    `${copy
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([copy, Buffer.alloc(size, 'a')]);
}

const END: Buffer = Buffer.alloc(1024);
const noise = (size: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, i) => (i * 7919 + (i >> 3)) & 0xff));

const rows: readonly (readonly [what: string, make: () => Promise<Buffer>, says: string])[] = [
  [
    'more entries than any package',
    async () => repeated(await entry({ name: 'a' }), 100_001),
    'more than 100000 entries',
  ],
  [
    'a file that is nothing but zeros',
    async () => entry({ name: 'zeros' }, Buffer.alloc(24 * MIB)),
    'grows to more than 200 times its size',
  ],
  [
    'blanks between its files',
    async () => Buffer.concat([await entry({ name: 'a' }), Buffer.alloc(4 * MIB)]),
    'headers or padding',
  ],
  ['a name of many megabytes', async () => longName(8 * MIB), 'eader'],
  ['a name that is very deep', async () => entry({ name: `${'a/'.repeat(100)}b` }, Buffer.from('x')), 'deeper than 64'],
  [
    'more links than any package',
    async () => repeated(await entry({ name: 'a', type: 'symlink', linkname: 'b' }), 10_001),
    'more than 10000 links',
  ],
];

describe.each(rows)('an archive of %s', (_what, make, says) => {
  test('is refused as a package, within bounded memory', async () => {
    const path = join(directory, 'package.tar.gz');
    writeFileSync(path, gzipSync(Buffer.concat([await make(), END])));
    const held = process.memoryUsage().rss;
    await expect(listArchive(path)).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringContaining(says),
      hint: expect.stringContaining('checksum'),
    });
    expect(process.memoryUsage().rss - held).toBeLessThan(200 * MIB);
  });

  test('is refused as an image', async () => {
    await expect(archivedImages(Readable.from([gzipSync(Buffer.concat([await make(), END]))]))).rejects.toThrow(says);
  });
});

test('an archive of ordinary size is read, packed or not', async () => {
  const content = noise(5 * MIB);
  const archive = Buffer.concat([await entry({ name: 'a/layer' }, content), await entry({ name: 'b' }, content), END]);
  const path = join(directory, 'good.tar.gz');
  writeFileSync(path, gzipSync(archive, { level: 1 }));
  expect((await listArchive(path)).members).toEqual({ 'a/layer': content.length, b: content.length });
  expect(await archivedImages(Readable.from([archive]))).toEqual([]);
});

test('hard links in a ring or against their order are checked in bounded time', async () => {
  const links = Array.from({ length: 5000 }, (_, i) => entry({ name: `l${i}`, type: 'link', linkname: `l${i + 1}` }));
  const parts = [await entry({ name: 'file' }, Buffer.from('x')), ...(await Promise.all(links))];
  const path = join(directory, 'links.tar.gz');
  writeFileSync(
    path,
    gzipSync(Buffer.concat([...parts, await entry({ name: 'l5000', type: 'symlink', linkname: 'file' }), END])),
  );
  const begun = performance.now();
  await listArchive(path).catch(() => {});
  expect(performance.now() - begun).toBeLessThan(10_000);
});
