import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MUTANTS, type Mutant } from './mutants.ts';

// Tests that cannot fail prove nothing. Each mutant is one mistake, made in a copy of the source: somebody must notice.

const root = new URL('../..', import.meta.url).pathname;
const LIMIT_MS = 120_000;
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', '.cache', 'dist', 'bench', 'docs']);

let tree = '';
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'api7-orch-mutants-'));
  cpSync(root, tree, { recursive: true, filter: (from) => from === root || !LEFT_OUT.has(basename(from)) });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
}, LIMIT_MS);
afterAll(() => rmSync(tree, { recursive: true, force: true }));

const run = (...argv: readonly string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...argv], {
    cwd: tree,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    env: { ...process.env, VITEST: undefined, NODE_OPTIONS: '' },
  });

const runTests = (files: readonly string[]) =>
  run(join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', ...files);
const runTable = (by: 'matrix' | 'engine') =>
  by === 'matrix'
    ? run(join(root, 'test/faults/mutants-matrix.ts'), tree)
    : run(join(tree, 'test/faults/mutants-engine-table.ts'));

/** Who noticed what; undefined: nobody. A run that does not come to an end was noticed, too. */
function noticed({ by }: Mutant): string | undefined {
  const { status, signal, stdout, stderr } = typeof by === 'string' ? runTable(by) : runTests(by);
  if (signal !== null) return `ended by ${signal}`;
  if (typeof by === 'string' && status !== 3 && status !== 0) throw new Error(`it cannot even be loaded: ${stderr}`);
  return status === 0 ? undefined : stdout;
}

describe('without a mistake nobody complains', () => {
  test.each(['matrix', 'engine'] as const)('the table of %s', { timeout: LIMIT_MS }, (by) => {
    const { status, stdout, stderr } = runTable(by);
    expect(`${stdout}${stderr}`).toMatch(/^\d+ cases/);
    expect(status).toBe(0);
  });

  test('the tests', { timeout: LIMIT_MS }, () => {
    const files = new Set(MUTANTS.flatMap(({ by }) => (typeof by === 'string' ? [] : by)));
    const { status, stdout, stderr } = runTests([...files]);
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

describe('it is noticed when', () => {
  test.each(MUTANTS)('$why', { timeout: LIMIT_MS }, (mutant) => {
    const file = join(tree, mutant.file);
    const text = readFileSync(file, 'utf8');
    expect(text.split(mutant.find).length - 1, `how often "${mutant.find}" stands in ${mutant.file}`).toBe(1);
    writeFileSync(
      file,
      text.replace(mutant.find, () => mutant.replace),
    );
    try {
      expect(noticed(mutant), 'nobody noticed').toBeDefined();
    } finally {
      writeFileSync(file, text);
    }
  });
});
