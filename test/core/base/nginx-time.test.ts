import { expect, test } from 'vitest';
import { LONGEST_MS } from '../../../src/core/base/duration.ts';
import { nginxTime } from '../../../src/core/base/nginx-time.ts';

test.each<[string, number | undefined]>([
  ['0', 0],
  ['300', 300_000],
  ['500ms', 500],
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['1h 30m', 5_400_000],
  ['1d', 86_400_000],
  ['1w', 604_800_000],
  ['1M', LONGEST_MS],
  ['1y', LONGEST_MS],
  ['1d 90', 86_490_000],
  ['', undefined],
  ['off', undefined],
  ['-1s', undefined],
  ['1.5h', undefined],
  ['30m 1h', undefined],
  ['1m 1m', undefined],
  ['10s;', undefined],
])('%j is %j ms', (text, ms) => {
  expect(nginxTime(text)).toBe(ms);
});

test('a long text is read in linear time', () => {
  const begun = performance.now();
  expect(nginxTime(`${'1'.repeat(200_000)}x`)).toBeUndefined();
  expect(performance.now() - begun).toBeLessThan(500);
});
