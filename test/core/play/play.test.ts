import { expect, test } from 'vitest';
import type { Count } from '../../../src/core/play/count.ts';
import { batches } from '../../../src/core/play/play.ts';

const hosts = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

test.each<[number, Count | readonly Count[] | undefined, readonly number[]]>([
  [6, undefined, [6]],
  [6, 2, [2, 2, 2]],
  [7, 2, [2, 2, 2, 1]],
  [6, [1, '100%'], [1, 5]],
  [3, '50%', [1, 1, 1]],
  [8, ['25%', '50%'], [2, 4, 2]],
  [3, '10%', [1, 1, 1]],
  [0, [1, '100%'], []],
])('%d hosts by %j make batches of %j', (count, sizes, expected) => {
  const cut = batches(hosts(count), sizes);
  expect(cut.map((batch) => batch.length)).toEqual(expected);
  expect(cut.flat()).toEqual(hosts(count));
});

test('no share of any fleet makes an empty batch or loses a host', () => {
  for (let n = 1; n <= 200; n++)
    for (let share = 1; share <= 100; share++) {
      const cut = batches(hosts(n), `${share}%`);
      expect(cut.every((batch) => batch.length >= 1)).toBe(true);
      expect(cut.flat()).toHaveLength(n);
    }
});
