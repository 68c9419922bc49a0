import { defineConfig } from 'vitest/config';
import { all } from './test/lab/all.ts';
import { LongFilesFirst } from './test/support/vitest/long-files-first.ts';

/** The longer name first: a name stands for all names that begin with it, too. */
const alias = {
  'api7-orch/testing': new URL('./src/testing/index.ts', import.meta.url).pathname,
  'api7-orch': new URL('./src/index.ts', import.meta.url).pathname,
};

/**
 * Variants of what other files show, and what takes long by its nature: only `npm run test:all` runs them. Drivers prove their contract
 * against HAProxy every time, carriers theirs over SSH, without a network and with the tools of busybox.
 */
const onlyInAll = [
  'test/contract/greeting-bash.test.ts',
  'test/contract/ssh-without-forwarding.test.ts',
  'test/wire/balancers/command-contract.test.ts',
  'test/wire/balancers/nginx-contract.test.ts',
  'test/wire/cli/exec-output.test.ts',
  'test/wire/ssh/governor.test.ts',
];

/** Whole runs and commands, and thousands of orders of events: too long for `npm run check`. */
const recovery = [
  'test/recovery/**/*.test.ts',
  'test/faults/{engine,machine}*.test.ts',
  'test/lock/interleavings.test.ts',
  'test/cli/destinations.test.ts',
  'test/cli/lb/doctor.test.ts',
];

/** What each project has: temporary directories do not outlive the test file that made them. */
const removal = 'test/support/vitest/remove-directories.ts';

/** Runs of the tests are recorded here, not among the runs of whoever tests: `runs list` is theirs. */
const env = { XDG_STATE_HOME: new URL('.cache/test-state', import.meta.url).pathname };

/** Workers of tests that wait more than they compute: a lab takes about a third of a processor, a wire test less. */
const WAITING = 5;

/** `unit` and `mutants` need Node and the OpenSSH client; `wire` a real sshd and a Docker Engine, and the built package; `lab` the hosts of test/lab. */
export default defineConfig({
  resolve: { alias },
  test: {
    sequence: { sequencer: LongFilesFirst },
    // One machine carries the lab: suites that measure or wait must not compete with it.
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/wire/**',
            'test/contract/**',
            'test/lab/**',
            'test/docker/engine.test.ts',
            'test/cli/built.test.ts',
            'test/faults/mutants/mutants.test.ts',
            ...recovery,
            'test/fuzz/**',
            'test/hostile/**',
          ],
          // Ends what hangs; properties tried on a busy machine take longer than the usual five seconds.
          testTimeout: 30_000,
          // A process for every file took half of the time. What the files must not share is reset before each.
          isolate: false,
          setupFiles: [removal, 'test/support/vitest/forget-secrets.ts'],
          maxWorkers: 3,
          // The processes that tests start need not strip the same types again.
          env: { ...env, NODE_COMPILE_CACHE: new URL('.cache/compile', import.meta.url).pathname },
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        // Beside the unit tests, but not part of `npm run check`: whole runs on fake hosts and of the pure machine, thousands of them.
        test: {
          name: 'recovery',
          include: recovery,
          setupFiles: removal,
          env,
          testTimeout: 180_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts', 'test/hostile/**/*.test.ts'],
          setupFiles: removal,
          env,
          execArgv: ['--expose-gc'],
          testTimeout: 60_000,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        // Beside the unit tests: its one file waits for a process of its own.
        test: {
          name: 'mutants',
          include: ['test/faults/mutants/mutants.test.ts'],
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'wire',
          include: [
            'test/wire/**/*.test.ts',
            'test/contract/**/*.test.ts',
            'test/docker/engine.test.ts',
            'test/cli/built.test.ts',
          ],
          setupFiles: removal,
          env,
          exclude: all ? [] : onlyInAll,
          globalSetup: 'test/support/vitest/wire-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: WAITING,
          expect: { poll: { timeout: 10_000 } },
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          setupFiles: removal,
          env,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          maxWorkers: WAITING,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
