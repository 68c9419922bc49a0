import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../src/core/base/data.ts';
import { cacheDirectory } from '../../src/local/cache-directory.ts';
import { factCache } from '../../src/local/fact-cache.ts';
import { localFiles } from '../../src/local/local-files.ts';
import { readPackage } from '../../src/tasks/package/package-local.ts';
import { tarGzOf } from '../docker/archives.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const base = temporaryDirectory('facts');

const archive = await tarGzOf({ VERSION: '3.10.5', 'images/a.tar.gz': 'x'.repeat(5000) });
// Change times cannot be set: files wait here until they count as settled.
const [old, other, third] = ['old', 'other', 'third'].map((name) => {
  const path = join(base, name);
  writeFileSync(path, archive);
  return path;
}) as [string, string, string];
await delay(2100);

let directory: string;
let found: number;
beforeEach(() => {
  directory = join(temporaryDirectory('cache', base), 'api7-orch');
  found = 0;
});

const ask = (path = old, name = 'count', answer = 'found', fact = factCache(directory)): Promise<string> =>
  fact(path, name, z.string(), async () => {
    found++;
    return answer;
  });
const entries = (): readonly string[] => readdirSync(directory);
const entry = (): string => join(directory, entries()[0] ?? '');

describe('facts about a file', () => {
  test('are not computed by the next run', async () => {
    expect(await ask()).toBe('found');
    expect(await ask()).toBe('found');
    expect(found).toBe(1);
    expect(entries()).toHaveLength(1);
    expect((statSync(entry()).mode & 0o777).toString(8)).toBe('600');
    expect((statSync(directory).mode & 0o777).toString(8)).toBe('700');
  });

  test('are in one entry with its other facts', async () => {
    const fact = factCache(directory);
    await Promise.all(['a', 'b', 'c'].map((name) => ask(old, name, name, fact)));
    expect(await Promise.all(['a', 'b', 'c'].map((name) => ask(old, name)))).toEqual(['a', 'b', 'c']);
    expect(entries()).toHaveLength(1);
    expect(found).toBe(3);
  });

  test.each<[change: string, make: (path: string) => void]>([
    ['written to', (path) => writeFileSync(path, 'y'.repeat(archive.length))],
    [
      'given its old times after a change',
      (path) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'z'.repeat(archive.length));
        utimesSync(path, atime, mtime);
      },
    ],
    [
      'replaced by another',
      (path) => {
        writeFileSync(`${path}.new`, archive);
        renameSync(`${path}.new`, path);
      },
    ],
  ])(
    'do not count once the file was %s',
    async (_, change) => {
      const path = join(base, 'changing');
      renameSync(other, path);
      writeFileSync(other, archive);
      await delay(2100);
      await ask(path);
      change(path);
      await ask(path);
      expect(found).toBe(2);
      rmSync(path);
    },
    15_000,
  );

  test('are not kept of a file that was changed a moment ago, or while it was read', async () => {
    const fresh = join(base, 'fresh');
    writeFileSync(fresh, 'x');
    await ask(fresh);
    await ask(fresh);
    expect(found).toBe(2);
    await factCache(directory)(third, 'count', z.string(), async () => {
      chmodSync(third, 0o600);
      return 'of which content?';
    });
    expect(() => entries()).toThrow('ENOENT');
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['of another version', (text: string) => text.replace('"version":1', '"version":0')],
    ['of another path', (text: string) => text.replace(old, '/elsewhere')],
    ['with an answer of another kind', (text: string) => text.replace('"found"', '{"not":"text"}')],
  ])('do not count when their entry is %s', async (_, spoil) => {
    await ask();
    writeFileSync(entry(), spoil(readFileSync(entry(), 'utf8')));
    expect(await ask()).toBe('found');
    expect(found).toBe(2);
    expect(await ask()).toBe('found');
    expect(found).toBe(2);
  });

  test.each<[what: string, make: () => void]>([
    ['a file', () => writeFileSync(directory, 'in the way')],
    [
      'below a file',
      () => {
        writeFileSync(join(base, 'file'), '');
        directory = join(base, 'file', 'deep');
      },
    ],
  ])('are computed when the cache directory is %s', async (_, make) => {
    make();
    expect(await ask()).toBe('found');
    expect(await ask()).toBe('found');
    expect(found).toBe(2);
  });

  test('are removed when they are old or too many', async () => {
    mkdirSync(directory, { recursive: true });
    const names = Array.from({ length: 250 }, (_, i) => `${sha256(String(i))}.json`);
    for (const [i, name] of names.entries()) {
      writeFileSync(join(directory, name), '{}');
      utimesSync(join(directory, name), new Date(), new Date(Date.now() - (i + 1) * 60_000));
    }
    const ancient = `${sha256('ancient')}.json.0123456789ab.new`;
    writeFileSync(join(directory, ancient), '{}');
    utimesSync(join(directory, ancient), new Date(), new Date(Date.now() - 100 * 24 * 3_600_000));
    writeFileSync(join(directory, 'notes'), 'of the user');
    await ask();
    expect(entries()).toHaveLength(201);
    expect(entries()).toContain('notes');
    expect(entries()).toContain(names[0]);
    expect(entries()).not.toContain(names[249]);
    expect(entries()).not.toContain(ancient);
  });
});

test('a package in the cache is not read', async () => {
  const path = join(base, 'package');
  writeFileSync(path, archive);
  await delay(2100);
  const first = await readPackage(path, localFiles(factCache(directory)));
  const read: string[] = [];
  const watched = localFiles((given, name, schema, find) =>
    factCache(directory)(given, name, schema, () => {
      read.push(name);
      return find();
    }),
  );
  expect(await readPackage(path, watched)).toEqual(first);
  expect(await watched.sha256(path)).toBe(sha256(archive));
  expect(read).toEqual([]);
}, 15_000);

test.each([
  [{ XDG_CACHE_HOME: '/var/cache/me' }, '/var/cache/me/api7-orch'],
  [{ XDG_CACHE_HOME: 'relative' }, join(homedir(), '.cache', 'api7-orch')],
  [{}, join(homedir(), '.cache', 'api7-orch')],
])('with %j the cache is in %s', (env, directory) => {
  expect(cacheDirectory(env)).toBe(directory);
});
