import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { Count } from '../../src/core/play/count.ts';
import { batchSize, budgetOf, wholeNodes } from '../../src/rolling/count.ts';

test.each<[Count, number, number]>([
  [2, 6, 2],
  ['50%', 5, 2],
  ['100%', 7, 7],
  ['33%', 3, 0],
  ['34%', 3, 1],
  ['14.3%', 7, 1],
  ['29%', 100, 29],
  ['57%', 100, 57],
])('%s of %d nodes are %d', (count, of, whole) => {
  expect(wholeNodes(count, of)).toBe(whole);
});

test('a wave is never empty and never larger than its share, in any fleet', () => {
  for (let of = 1; of <= 200; of++)
    for (let share = 1; share <= 100; share++) {
      const size = batchSize(`${share}%`, of);
      expect(size).toBeGreaterThanOrEqual(1);
      if (size > 1) expect(size * 100).toBeLessThanOrEqual(of * share);
      expect((size + 1) * 100).toBeGreaterThan(of * share);
    }
});

test('a budget is never more than its share, and is refused where that is none', () => {
  for (let of = 1; of <= 200; of++)
    for (let share = 1; share <= 100; share++) {
      if (of * share >= 100) expect(budgetOf(`${share}%`, of) * 100).toBeLessThanOrEqual(of * share);
      else expect(() => budgetOf(`${share}%`, of)).toThrow(OrchError);
    }
});

test.each<[Count, number, string]>([
  ['25%', 3, 'say max_unavailable: 1, or a share of at least 34%'],
  [0, 4, 'say max_unavailable: 1, or a share of at least 25%'],
])('max_unavailable %s of %d is refused with the fix', (count, of, hint) => {
  expect(() => budgetOf(count, of)).toThrow(expect.objectContaining({ code: 'ROLL_BUDGET', hint }));
  const least = /(\d+)%$/.exec(hint)?.[1];
  expect(budgetOf(`${Number(least)}%`, of)).toBe(1);
});
