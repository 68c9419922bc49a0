import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withLockFile } from '../../src/local/lock-file.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const directory = temporaryDirectory('lock');

test('one process at a time, and no file is left', async () => {
  const path = join(directory, 'many');
  let inside = 0;
  const most: number[] = [];
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLockFile(path, async () => {
        most.push(++inside);
        await delay(2);
        inside--;
      }),
    ),
  );
  expect(most).toEqual(Array(8).fill(1));
  expect(readdirSync(directory)).toEqual([]);
});

test('a failure releases the lock', async () => {
  const path = join(directory, 'failed');
  const failing = withLockFile(path, async () => {
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
});

test('the lock of an ended process is taken over, also by several at once', async () => {
  const path = join(directory, 'gone');
  const { pid } = spawnSync('true');
  writeFileSync(path, `${pid} ${hostname()}\n`);
  expect(await Promise.all(['a', 'b', 'c'].map((one) => withLockFile(path, async () => one)))).toEqual(['a', 'b', 'c']);
  expect(readdirSync(directory)).toEqual([]);
});

test('the lock of another machine is taken over when it is old, not before', async () => {
  const path = join(directory, 'old');
  writeFileSync(path, '1 another-machine\n');
  let done = false;
  const work = withLockFile(path, async () => {
    done = true;
  });
  await delay(100);
  expect(done).toBe(false);
  const past = new Date(Date.now() - 60_000);
  utimesSync(path, past, past);
  await work;
  expect(done).toBe(true);
});

test.skipIf(userInfo().uid === 0)('where no lock can be made the work runs without one', async () => {
  const readOnly = join(directory, 'read-only');
  mkdirSync(readOnly);
  chmodSync(readOnly, 0o500);
  expect(await withLockFile(join(readOnly, 'lock'), async () => 'done')).toBe('done');
});

test('where the directory is missing the work reports it', async () => {
  expect(await withLockFile('/dev/null/lock', async () => 'done')).toBe('done');
});
