import { expect, test } from 'vitest';
import { everyNth } from '../lab/scenes/day-seed.ts';
import { POOLED, pairs, pooled, recoveries, SITUATIONS, singles, situated } from './machine-cases.ts';
import { playAll } from './machine-subject.ts';

// Every fault at every step of every node. The invariants: no serving node is drained beyond the budget (1); no node is stopped
// before it is idle (2); every drain ends restored or with a lease (3); every node ends in exactly one way (5); a finished node
// is up to date (6); a run after an interrupted one ends as if that had never happened (7). The lock (4) belongs to the engine
// and not to the machine.

/** The full suite plays every undo, the others every seventh. */
const some = <T>(cases: readonly T[]): readonly T[] => everyNth(7, cases);

test.each([2, 3, 4, 5, 6])('one fault in a fleet of %d, at every step of every node', { timeout: 120_000 }, (fleet) => {
  playAll(singles(fleet));
});

test.each(Object.keys(SITUATIONS))('one fault where %s', { timeout: 120_000 }, (name) => {
  playAll(situated(name));
});

test.each(Object.keys(POOLED))('one fault where %s', { timeout: 120_000 }, (name) => {
  playAll(pooled(name));
});

test.each([2, 3, 4])(
  'an undo of a failed change in a fleet of %d, with a fault at every step of it',
  { timeout: 120_000 },
  (fleet) => {
    playAll(some(recoveries(fleet)));
  },
);

test.each(Object.keys(SITUATIONS))('a node with a possible undo, where %s', { timeout: 120_000 }, (name) => {
  playAll(some(situated(name)).map((one) => ({ ...one, recovers: true })));
});

test('the table has thousands of cases', () => {
  const every = [[2, 3, 4, 5, 6].flatMap(singles), [2, 3, 4].flatMap(pairs), Object.keys(SITUATIONS).flatMap(situated)];
  const [one, two, situations] = every.map(({ length }) => length);
  console.log(`${every.flat().length} cases in all: ${one} of one fault, ${two} of two, ${situations} in a situation`);
  expect(every.flat().length).toBeGreaterThan(20_000);
});
