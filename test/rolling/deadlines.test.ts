import { expect, test } from 'vitest';
import type { Deadline } from '../../src/core/play/rolling.ts';
import { deadlineChain } from '../../src/rolling/deadlines.ts';

const limit = (name: string, seconds: number): Deadline => ({ name, ms: seconds * 1000, source: 'declared' });

const chain = (drain: number, longest: number, stop: number, worker: number) =>
  deadlineChain({
    drainWithin: limit('drain.within', drain),
    longestRequest: limit('longest_request', longest),
    stopTimeout: limit('stop time-out', stop),
    workerShutdown: limit('worker_shutdown_timeout', worker),
    others: [limit('check', 3)],
  });

test.each<[string, readonly [number, number, number, number], readonly string[]]>([
  ['what fits', [60, 60, 250, 240], []],
  [
    'a drain shorter than the longest request',
    [59, 60, 250, 240],
    ['drain.within 59s (declared) is shorter than longest_request 1m (declared): make it at least 1m'],
  ],
  [
    'a stop that leaves its workers less than 10 s more',
    [60, 60, 249, 240],
    [
      'stop time-out 4m9s (declared) is shorter than worker_shutdown_timeout 4m (declared) + 10s: make it at least 4m10s',
    ],
  ],
])('%s', (_, [drain, longest, stop, worker], faults) => {
  expect(chain(drain, longest, stop, worker).faults).toEqual(faults);
});

test('both inconsistencies are reported, and every limit is shown', () => {
  const { links, faults } = chain(1, 60, 1, 240);
  expect(faults).toHaveLength(2);
  expect(links.map(({ name }) => name)).toEqual([
    'check',
    'longest_request',
    'drain.within',
    'worker_shutdown_timeout',
    'stop time-out',
  ]);
});
