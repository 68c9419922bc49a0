import { type ChildProcess, fork } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROLS, JOBS, MUTANTS, type Verdict } from './mutants.ts';

// Tests that cannot fail prove nothing. Each mutant is one mistake in the source: a test must notice it. All of them are played
// by one other process; each test here waits for the verdict on one mutant.

/** All mutants together take about a minute, and the first test may wait for most of it. */
const LIMIT_MS = 600_000;

const verdicts = JOBS.map(() => Promise.withResolvers<Verdict>());
let player: ChildProcess;
beforeAll(() => {
  player = fork(new URL('./mutants-play.ts', import.meta.url).pathname, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: { ...process.env, VITEST: undefined, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [player.stdout, player.stderr]) stream?.on('data', (chunk) => (output += chunk));
  player.on('message', ({ at, verdict }: { at: number; verdict: Verdict }) => verdicts[at]?.resolve(verdict));
  player.once('close', (code, signal) => {
    const why = `the process that plays the mutants ended with ${signal ?? code}: ${output}`;
    for (const { resolve } of verdicts) resolve({ kind: 'broken', why });
  });
});
afterAll(() => {
  player.kill('SIGKILL');
});

describe('without a mutant everything passes', () => {
  test.each(CONTROLS.map(({ by }, at) => ({ name: typeof by === 'string' ? `the table of ${by}` : 'the tests', at })))(
    '$name',
    { timeout: LIMIT_MS },
    async ({ at }) => {
      expect(await verdicts[at]?.promise).toEqual({ kind: 'unnoticed', passed: expect.any(Number) });
      expect(await verdicts[at]?.promise).not.toMatchObject({ passed: 0 });
    },
  );
});

describe('it is noticed when', () => {
  test.each(MUTANTS.map(({ why }, i) => ({ why, at: CONTROLS.length + i })))(
    '$why',
    { timeout: LIMIT_MS },
    async ({ at }) => {
      expect(await verdicts[at]?.promise).toEqual({ kind: 'noticed', by: expect.any(String) });
    },
  );
});
