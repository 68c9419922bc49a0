import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { inDirectory } from './in-directory.ts';
import { removeTemporaryDirectories, temporaryDirectory } from './temporary-directory.ts';

const tests = join(import.meta.dirname, '../..');
const root = join(tests, '..');

test('a temporary directory is removed with all that is in it', () => {
  const directory = temporaryDirectory('of-a-test');
  expect(dirname(directory)).toBe(tmpdir());
  writeFileSync(join(directory, 'file'), 'x');
  const inner = temporaryDirectory('inner', directory);
  removeTemporaryDirectories([directory, inner]);
  expect(existsSync(directory)).toBe(false);
});

test('a directory for one piece of work is removed also if the work fails', async () => {
  let made = '';
  const work = inDirectory(async (path) => {
    made = path('');
    expect(existsSync(made)).toBe(true);
    throw new Error('it failed');
  });
  await expect(work).rejects.toThrow('it failed');
  expect(existsSync(made)).toBe(false);
});

test('no test makes a temporary directory in another way', () => {
  const makers = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'support/base/temporary-directory.ts')
    .filter((file) =>
      /\bmkdtemp(?:Sync)?\(|\bmkdtempDisposable|\btmpdir\(\), /.test(readFileSync(join(tests, file), 'utf8')),
    );
  expect(makers).toEqual([]);
});

test('every project of the tests removes the directories after each file', () => {
  const config = readFileSync(join(root, 'vitest.config.ts'), 'utf8');
  const projects = config.split(/\n {10}name: '/).slice(1);
  const without = projects.filter((project) => !/\bsetupFiles: .*\bremoval\b/.test(project));
  expect(projects.length).toBeGreaterThan(5);
  // It only waits for a process of its own.
  expect(without.map((project) => project.split("'")[0])).toEqual(['mutants']);
});
