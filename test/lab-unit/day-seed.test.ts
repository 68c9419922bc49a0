import { expect, test } from 'vitest';
import { all } from '../lab/all.ts';
import { daySeed, everyNth, randomOfDay } from '../lab/scenes/day-seed.ts';

const NOW = new Date('2026-11-29T23:59:59Z');

test('the seed is the day in UTC, or the given day', () => {
  expect(daySeed(undefined, NOW)).toBe('day:20261129');
  expect(daySeed('day:20260102', NOW)).toBe('day:20260102');
});

test('a seed that is no day selects other tests', () => {
  for (const text of ['', '7', '7,12', 'all', 'day:2026']) expect(daySeed(text, NOW)).toBe('day:20261129');
});

test('a day has the same numbers every time, another day has others', () => {
  const draw = (seed: string) => {
    const random = randomOfDay(seed);
    return Array.from({ length: 200 }, () => random());
  };
  const drawn = draw('day:20261129');
  expect(draw('day:20261129')).toEqual(drawn);
  expect(draw('day:20261130')).not.toEqual(drawn);
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  // They spread over the whole range, as moments of a run must.
  for (const quarter of [0, 1, 2, 3]) expect(drawn.some((at) => Math.floor(at * 4) === quarter)).toBe(true);
});

test('of cases that are alike a day takes every nth, and each case has its day', () => {
  const cases = ['a', 'b', 'c', 'd', 'e'];
  const taken = [0, 0.4, 0.9].map((drawn) => everyNth(3, cases, () => drawn));
  expect(taken).toEqual(all ? [cases, cases, cases] : [['a', 'd'], ['b', 'e'], ['c']]);
  expect(everyNth(9, ['a'], () => 0.9)).toEqual(['a']);
});
