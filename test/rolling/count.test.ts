import { expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { batchSize, type Count, wholeNodes } from '../../src/core/play/count.ts';
import { batches } from '../../src/core/play/play.ts';
import { budgetOf } from '../../src/rolling/count.ts';

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

test('a batch is never empty and never larger than its share, in any fleet', () => {
  for (let of = 1; of <= 200; of++)
    for (let share = 1; share <= 100; share++) {
      const size = batchSize(`${share}%`, of);
      expect(size).toBeGreaterThanOrEqual(1);
      if (size > 1) expect(size * 100).toBeLessThanOrEqual(of * share);
      expect((size + 1) * 100).toBeGreaterThan(of * share);
    }
});

test('a budget is never more than its share, and is refused where that rounds to zero', () => {
  for (let of = 1; of <= 200; of++)
    for (let share = 1; share <= 100; share++) {
      if (of * share >= 100) expect(budgetOf(`${share}%`, of) * 100).toBeLessThanOrEqual(of * share);
      else expect(() => budgetOf(`${share}%`, of)).toThrow(OrchError);
    }
});

test.each<[Count, number, string]>([
  ['25%', 3, 'set max_unavailable: 1, or a share of at least 34%'],
  [0, 4, 'set max_unavailable: 1, or a share of at least 25%'],
])('max_unavailable %s of %d is refused with the fix', (count, of, hint) => {
  expect(() => budgetOf(count, of)).toThrow(expect.objectContaining({ code: 'BUDGET_ZERO', hint }));
  const least = /(\d+)%$/.exec(hint)?.[1];
  expect(budgetOf(`${Number(least)}%`, of)).toBe(1);
});

test('batches of hosts and of nodes round alike, also for shares that are not exact in binary', () => {
  const hosts = Array.from({ length: 1000 }, (_, i) => i);
  for (const share of ['14.3%', '28.6%', '57.1%', '0.1%'] as const)
    expect(batches(hosts, share)[0]).toHaveLength(batchSize(share, hosts.length));
  // 100 × 1.1 / 100 is 1.1000000000000001, and 1000 × 14.3 / 100 is slightly below 143.
  expect(batchSize('14.3%', 1000)).toBe(143);
});
