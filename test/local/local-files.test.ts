import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/core/base/data.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { tarGzOf, tarOf } from '../docker/archives.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

/** A .tar.gz of these headers, without any content. */
async function packed(...headers: readonly Partial<tar.Header>[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const header of headers) {
    const whole = { name: '', ...header };
    if (header.type === undefined) pack.entry(whole, Buffer.alloc(0));
    else pack.entry(whole);
  }
  pack.finalize();
  return gzipSync(await buffer(pack));
}

const directory = temporaryDirectory('local');

const put = (name: string, content: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};

// Random bytes, so that it does not compress to nothing and a cut is in its middle.
const large = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => Buffer.from(sha256(String(i)), 'hex')));
const uncompressed = await tarOf({ a: 'b' });
const hollow = await tarGzOf({});
const halfTar = gzipSync((await tarOf({ a: large })).subarray(0, 5000));
const climbing = await tarGzOf({ '../etc/passwd': 'root' });
const absolute = await tarGzOf({ '/etc/passwd': 'root' });
const climbingDirectory = await packed({ name: '../outside/', type: 'directory' });
const device = await packed({ name: 'null', type: 'character-device' });
const archive = await tarGzOf({ './images/a.tar.gz': large, VERSION: '3.10.5\n', empty: '' });

describe('an archive', () => {
  const path = put('whole.tar.gz', archive);

  test('is listed by its files, in the spelling of a host', async () => {
    expect(await localFiles().archive(path)).toEqual({ 'images/a.tar.gz': large.length, VERSION: 7, empty: 0 });
  });

  test('returns single members', async () => {
    const files = localFiles();
    const member = (name: string): Promise<Buffer> =>
      files.archiveMember(path, name, (content) => buffer(Readable.from(content)));
    expect((await member('VERSION')).toString()).toBe('3.10.5\n');
    expect(sha256(await member('images/a.tar.gz'))).toBe(sha256(large));
    expect(await member('empty')).toHaveLength(0);
    await expect(member('nothing')).rejects.toMatchObject({ code: 'PACKAGE_LACKS' });
  });

  test('has its digest and size, whether it was listed before or not', async () => {
    const files = localFiles();
    expect(await files.sha256(path)).toBe(sha256(archive));
    const other = localFiles();
    await other.archive(path);
    expect(await other.sha256(path)).toBe(sha256(archive));
    expect(await other.size(path)).toBe(archive.length);
  });

  test('is read once per run, for any number of users', async () => {
    const files = localFiles();
    const copy = put('once.tar.gz', archive);
    const [first] = await Promise.all([files.archive(copy), files.archive(copy)]);
    writeFileSync(copy, 'changed in the meantime');
    expect(await files.archive(copy)).toBe(first);
    expect(await files.sha256(copy)).toBe(sha256(archive));
  });

  const flipped = Buffer.from(archive);
  flipped[archive.length >> 1] = (flipped[archive.length >> 1] ?? 0) ^ 0xff;

  test.each([
    ['cut in its middle', archive.subarray(0, archive.length >> 1), /ends too early/],
    ['cut by its last byte', archive.subarray(0, -1), /ends too early/],
    ['empty', Buffer.alloc(0), /ends too early|no files/],
    ['changed in one byte', flipped, /damaged/],
    ['not compressed', uncompressed, /not gzip/],
    ['something else, compressed', gzipSync('hello\n'.repeat(500)), /damaged/],
    ['without any file', hollow, /no files/],
    ['a tar that was cut before it was compressed', halfTar, /ends too early/],
    ['made to write outside of its directory', climbing, /outside/],
    ['made to write to an absolute path', absolute, /outside/],
    ['made to make a directory outside', climbingDirectory, /outside/],
    ['made to bring a device', device, /device/],
  ])('%s is refused, with the file and a hint', async (name, content, message) => {
    const bad = put(`${name.replaceAll(' ', '-')}.tar.gz`, content);
    await expect(localFiles().archive(bad)).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('again'),
    });
    await expect(localFiles().archive(bad)).rejects.toThrow(bad);
  });
});

type Links = readonly (readonly [name: string, target: string, type?: 'link'])[];

describe('an archive with links', () => {
  const withLinks = async (links: Links): Promise<string> => {
    const entries = links.map(([name, linkname, type = 'symlink' as const]) => ({ name, linkname, type }));
    return put('links.tar.gz', await packed({ name: 'conf/a.yaml', size: 0 }, ...entries));
  };

  test.each<[what: string, links: Links]>([
    ['beside', [['conf/b.yaml', 'a.yaml']]],
    ['below', [['a.yaml', 'conf/a.yaml']]],
    ['above, within the package', [['conf/deep/b.yaml', '../a.yaml']]],
    [
      'to a directory, through which others lead',
      [
        ['etc', 'conf'],
        ['b.yaml', 'etc/a.yaml'],
        ['c.yaml', 'etc/../etc/a.yaml'],
      ],
    ],
    ['to the very top', [['conf/top', '..']]],
    ['hard', [['conf/b.yaml', 'conf/a.yaml', 'link']]],
    [
      'hard, to a symbolic one that stays within from there, too',
      [
        ['conf/b.yaml', 'a.yaml'],
        ['other/c.yaml', 'conf/b.yaml', 'link'],
      ],
    ],
    [
      'twice, the same',
      [
        ['conf/b.yaml', 'a.yaml'],
        ['conf/b.yaml', 'a.yaml'],
      ],
    ],
    [
      'in a ring',
      [
        ['x', 'y'],
        ['y', 'x'],
      ],
    ],
  ])('%s is fine', async (_, links) => {
    expect(await localFiles().archive(await withLinks(links))).toEqual({ 'conf/a.yaml': 0 });
  });

  test.each<[what: string, links: Links]>([
    ['to an absolute path', [['conf/passwd', '/etc/passwd']]],
    ['that climb', [['conf/passwd', '../../etc/passwd']]],
    ['that climb after they have gone down', [['passwd', 'conf/../../etc/passwd']]],
    [
      'that climb by way of another link',
      [
        ['conf/deep/up', '../..'],
        ['out', 'conf/deep/up/../etc'],
      ],
    ],
    [
      'to a link that comes later and climbs',
      [
        ['a', 'b/../x'],
        ['b', 'conf/..'],
        ['conf/c', '../b/../../x'],
      ],
    ],
    ['hard, to an absolute path', [['passwd', '/etc/passwd', 'link']]],
    ['hard, that climb', [['passwd', '../etc/passwd', 'link']]],
    [
      'hard, by way of a symbolic one',
      [
        ['up', '..'],
        ['passwd', 'up/etc/passwd', 'link'],
      ],
    ],
    [
      'hard, to a symbolic one that climbs further from there',
      [
        ['conf/deep/up', '../..'],
        ['up', 'conf/deep/up', 'link'],
      ],
    ],
    [
      'hard, to a symbolic one by way of another hard one',
      [
        ['conf/deep/up', '../..'],
        ['conf/deep/same', 'conf/deep/up', 'link'],
        ['up', 'conf/deep/same', 'link'],
      ],
    ],
    [
      'hard, to a symbolic one, through which others climb',
      [
        ['a/up', '..'],
        ['a/b/same', 'a/up', 'link'],
        ['a/b/c/d', '../same/../../..'],
      ],
    ],
    [
      'by way of a name with more in it than it needs',
      [
        ['conf//deep/./up', '../..'],
        ['out', 'conf/deep/up/../etc'],
      ],
    ],
  ])('%s is refused before any host receives it', async (_, links) => {
    await expect(localFiles().archive(await withLinks(links))).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringContaining("outside of the package's directory"),
    });
  });

  test.each<[what: string, links: Links, says: string]>([
    [
      'under a name that comes twice, the first of which climbs',
      [
        ['up', '../..'],
        ['up', 'conf'],
      ],
      '"up" is there twice',
    ],
    [
      'under a name that comes twice, by different ways of writing it',
      [
        ['conf/up', '..'],
        ['./conf//up', '.'],
      ],
      '"conf/up" is there twice',
    ],
    ['in place of a file', [['conf/a.yaml', '..']], '"conf/a.yaml" is there twice'],
    ['in place of a directory', [['conf', 'other']], '"conf/a.yaml" lies beneath the link "conf"'],
    [
      'beneath another, where a path would find it under another name',
      [
        ['short', 'conf/deep'],
        ['short/up', '../..'],
        ['out', 'conf/deep/up/../etc'],
      ],
      '"short/up" lies beneath the link "short"',
    ],
    [
      'beneath a hard one to a symbolic one',
      [
        ['short', 'conf/deep'],
        ['same', 'short', 'link'],
        ['same/up', '../..'],
      ],
      '"same/up" lies beneath the link "same"',
    ],
  ])('%s is refused as the archive of no possible tree', async (_, links, says) => {
    await expect(localFiles().archive(await withLinks(links))).rejects.toMatchObject({
      code: 'PACKAGE_DAMAGED',
      message: expect.stringContaining(says),
    });
  });
});

describe('a file', () => {
  test('is read as it is', async () => {
    const path = put('plain', Buffer.from([0, 1, 255]));
    expect(await localFiles().read(path)).toEqual(readFileSync(path));
    expect(await localFiles().sha256(path)).toBe(sha256(Buffer.from([0, 1, 255])));
  });

  test.each(['sha256', 'size', 'read', 'archive'] as const)('that is missing is named by %s', async (question) => {
    const path = join(directory, 'missing.tar.gz');
    await expect(localFiles()[question](path)).rejects.toMatchObject({
      code: 'LOCAL_FILE_MISSING',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('inventory'),
    });
    await expect(localFiles()[question](directory)).rejects.toMatchObject({ code: 'LOCAL_FILE_MISSING' });
  });
});
