import { type ChildProcess, fork } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROLS, HARMLESS, IMPOSSIBLE, JOBS, type Job, MISTAKES, type Verdict } from './mutants.ts';

// A test that cannot fail shows nothing. Each mutant is one mistake in the source: a test must notice it. One other process plays
// all of them; each test here waits for the verdict on one mutant.

/** All mutants together take about a minute, and the first test may wait for most of it. */
const LIMIT_MS = 600_000;
const NODE_COMPILE_CACHE = new URL('../../../.cache/compile', import.meta.url).pathname;

const verdicts = JOBS.map(() => Promise.withResolvers<Verdict>());
let player: ChildProcess;
beforeAll(() => {
  player = fork(new URL('./play.ts', import.meta.url).pathname, [], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Each worker thread loads the same sources: stripping their types once saves half of its load.
    env: { ...process.env, VITEST: undefined, NODE_OPTIONS: '', NODE_COMPILE_CACHE },
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

const named = (jobs: readonly Job[]): { readonly name: string; readonly at: number }[] =>
  jobs.map((job) => ({
    name: job.mutant?.why ?? (typeof job.by === 'string' ? `the table of ${job.by}` : 'the tests'),
    at: JOBS.indexOf(job),
  }));

async function expectVerdict(at: number, expected: object): Promise<void> {
  const verdict = await verdicts[at]?.promise;
  expect(verdict, JSON.stringify(verdict)).toEqual(expected);
  expect(verdict).not.toMatchObject({ passed: 0 });
}

const ENDS = [
  {
    title: 'without a mutant everything passes',
    jobs: CONTROLS,
    end: { kind: 'unnoticed', passed: expect.any(Number) },
  },
  { title: 'a mutant shows nothing if', jobs: IMPOSSIBLE, end: { kind: 'broken', why: expect.any(String) } },
  { title: 'it is noticed when', jobs: MISTAKES, end: { kind: 'noticed', by: expect.any(String) } },
  {
    title: 'a mutant that changes nothing is not noticed, although earlier ones were, at the place where',
    jobs: HARMLESS,
    end: { kind: 'unnoticed', passed: expect.any(Number) },
  },
];

describe.each(ENDS)('$title', ({ jobs, end }) => {
  test.each(named(jobs))('$name', { timeout: LIMIT_MS }, async ({ at }) => await expectVerdict(at, end));
});
