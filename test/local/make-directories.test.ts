import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectories } from '../../src/local/make-directories.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';

const base = temporaryDirectory('mkdir');

test('makes missing directories, for their user alone, and may be repeated', () => {
  const path = join(base, 'a/b/c');
  makeDirectories(path);
  makeDirectories(path);
  for (const made of ['a', 'a/b', 'a/b/c']) expect(statSync(join(base, made)).mode & 0o777).toBe(0o700);
});

test('fails at once where no directory can be made', () => {
  expect(() => makeDirectories('/proc/self/.local/state')).toThrow(/ENOENT|EACCES|EPERM/);
});
