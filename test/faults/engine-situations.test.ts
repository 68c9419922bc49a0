import { test } from 'vitest';
import { afterwards, beyond, inSituation, situations, tidying } from './engine/cases.ts';
import { playAll } from './engine/play-all.ts';

// What the real engine makes of what it finds when it begins, and of faults that come one after another.

const LIMIT = { timeout: 120_000 };

test.each(situations)('one fault where %s', LIMIT, async (name) => {
  await playAll(inSituation(name, 1).filter((_, i) => i < 3 || (i + name.length) % 5 === 0));
});

test('faults of what is done for a node that has failed', LIMIT, async () => {
  await playAll(tidying.filter((_, i) => i % 2 === 0));
});

test('faults that the machine knows nothing of', LIMIT, async () => {
  await playAll(beyond, { allHappen: true });
});

test('a node that was done dies while another one is changed', LIMIT, async () => {
  await playAll(afterwards, { allHappen: true });
});
