import { expect, test } from 'vitest';
import { rollingOf, rollingVars } from '../../src/traffic/rolling-vars.ts';

test.each([
  [{}, {}],
  [
    { batch: '2', max_unavailable: '2' },
    { batch: [2], maxUnavailable: 2 },
  ],
  [
    { batch: '1, 2,50%', max_unavailable: '25%' },
    { batch: [1, 2, '50%'], maxUnavailable: '25%' },
  ],
  [
    { canary: '1', max_failures: '1', order: 'gw-3,gw-1', soak: '30s' },
    { canary: 1, maxFailures: 1, order: ['gw-3', 'gw-1'], soak: '30s' },
  ],
])('%j', (given, options) => {
  expect(rollingOf(rollingVars.parse(given))).toEqual(options);
});

test.each([
  { batch: 'two' },
  { batch: '0' },
  { max_unavailable: '-1' },
  { max_unavailable: '200%' },
  { soak: 'long' },
  { batchs: '1' },
])('%j is refused', (given) => {
  expect(rollingVars.safeParse(given).success).toBe(false);
});
