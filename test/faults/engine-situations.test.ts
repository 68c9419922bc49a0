import { test } from 'vitest';
import { afterwards, beyond, inSituation, situations, tidying } from './engine/cases.ts';
import { playAll } from './engine/play-all.ts';

// How the real engine handles the state that it finds at its start, and faults that come one after another.

const LIMIT = { timeout: 120_000 };

test.each(situations)('one fault where %s', LIMIT, async (name) => {
  await playAll(inSituation(name, 1).filter((_, i) => i < 3 || (i + name.length) % 5 === 0));
});

test('faults of the cleanup after a failed node', LIMIT, async () => {
  await playAll(tidying.filter((_, i) => i % 2 === 0));
});

test('faults outside of the machine’s model', LIMIT, async () => {
  await playAll(beyond, { allHappen: true });
});

test('a finished node that goes down during the change of another one is reported', LIMIT, async () => {
  await playAll(afterwards, { allHappen: true });
});
