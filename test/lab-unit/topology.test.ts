import { expect, test } from 'vitest';
import { defaultSize, type LabSize, topologyOf } from '../lab/plan/topology.ts';

const names = (size: LabSize) => topologyOf(size).map(({ name }) => name);

test('the default is two control planes, three gateways, one balancer and one database', () => {
  expect(names(defaultSize)).toEqual(['cp-1', 'cp-2', 'gw-1', 'gw-2', 'gw-3', 'lb-1', 'db-1']);
});

test('no two hosts of the largest lab have the same address', () => {
  const hosts = topologyOf({ controlPlane: 9, dataPlane: 79, loadBalancers: 20, edgeGateways: 20 });
  expect(new Set(hosts.map(({ byte }) => byte)).size).toBe(hosts.length);
  expect(hosts.every(({ byte }) => byte > 1 && byte < 255)).toBe(true);
});

test('a larger lab keeps the hosts of a smaller one unchanged', () => {
  const larger = topologyOf({ controlPlane: 3, dataPlane: 6, loadBalancers: 2 });
  expect(larger).toEqual(expect.arrayContaining([...topologyOf(defaultSize)]));
});

test.each([
  { size: { ...defaultSize, dataPlane: 0 }, says: 'dataPlane: 0 is not a number from 1 to 79' },
  { size: { ...defaultSize, controlPlane: 10 }, says: 'controlPlane: 10 is not a number from 1 to 9' },
  { size: { ...defaultSize, loadBalancers: 1.5 }, says: 'loadBalancers: 1.5 is not a number from 1 to 20' },
  { size: { ...defaultSize, edgeGateways: 21 }, says: 'edgeGateways: 21 is not a number from 0 to 20' },
  { size: { ...defaultSize, loadBalancers: Number.NaN }, says: 'loadBalancers: NaN is not a number from 1 to 20' },
])('$says', ({ size, says }) => {
  expect(() => topologyOf(size)).toThrow(says);
});
