import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDirectories } from '../../src/local/make-directories.ts';

const base = mkdtempSync(join(tmpdir(), 'api7-orch-mkdir-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

test('makes missing directories, for their user alone, and may be repeated', () => {
  const path = join(base, 'a/b/c');
  makeDirectories(path);
  makeDirectories(path);
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(base, made)).mode & 0o777).toBe(0o700);
});

test('fails at once where no directory can be made', () => {
  expect(() => makeDirectories('/proc/self/.local/state')).toThrow(/ENOENT|EACCES|EPERM/);
});
