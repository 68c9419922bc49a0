import { expect, test } from 'vitest';
import { all } from '../lab/all.ts';
import { oneFault } from './engine/cases.ts';
import { playAll } from './engine/play-all.ts';

// The machine's table drives the real engine: real tasks of balancers and containers, real steps and reconnects, on fake hosts.
// The invariants are checked at the hosts themselves. No serving node is drained beyond the budget (1). No container is stopped
// while a balancer uses it or a request runs on it (2). A drained node has a lease before its drain, and is restored exactly (3).
// Every node ends in one way, which is reported (5). A success is a real one (6). A run after a killed or failed one ends as if
// that had never happened (7). No client loses a request by api7-orch.

let count = 0;

/** The full suite plays every case of a fleet of three, the others every second one. */
const nthOfThree = all ? 1 : 2;

test.each([
  [2, 4],
  [3, nthOfThree],
  [4, 11],
  [5, 17],
  [6, 17],
])('one fault in a fleet of %d', { timeout: 120_000 }, async (fleet, nth) => {
  count += await playAll(oneFault(fleet, 1).filter((_, i) => i % nth === 0));
});

test('the table has hundreds of cases', () => {
  console.log(`${count} cases in all`);
  expect(oneFault(3, 1).length).toBeGreaterThan(130);
});
