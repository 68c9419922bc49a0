import { expect, test } from 'vitest';
import { PORTS } from '../../src/api7/paths.ts';
import { POOL_PORTS } from '../../src/inventory/check/load-balancers.ts';

test('a pool may be on every port that API7 serves clients or gateways on, and on no other', () => {
  const { status: _, ...served } = PORTS;
  expect([...POOL_PORTS].sort()).toEqual(Object.values(served).sort());
});
