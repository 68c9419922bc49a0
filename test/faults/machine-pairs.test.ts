import { test } from 'vitest';
import { pairs } from './machine-cases.ts';
import { playAll } from './machine-subject.ts';

// Every two faults, at any two steps of any two nodes.

test.each([2, 3, 4])('two faults in a fleet of %d', { timeout: 120_000 }, (fleet) => {
  playAll(pairs(fleet));
});
