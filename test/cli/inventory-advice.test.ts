import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adviceFor } from '../../src/cli/inventory-advice.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const example: Inventory = await loadInventory(join(import.meta.dirname, '../../inventory.example.yaml'), {
  env: { API7_DB_PASSWORD: 'database-password', API7_GATEWAY_TOKEN: 'a-token' },
});

const unmanaged = (members: readonly string[]): Inventory => ({
  ...example,
  loadBalancers: new Map([['cloud', { driver: 'none', name: 'cloud', members, reason: 'a cloud balancer' }]]),
});

test('a probe is recommended where gateways behind a balancer have none', () => {
  expect(adviceFor(example)).toEqual([
    expect.stringMatching(/^recommended: no probe is set for the gateways of gateways: /),
    expect.stringMatching(/^hint: set api7\.gateway\.probe to a request that each gateway must answer/),
  ]);
  expect(adviceFor(unmanaged(['gw-1']))[0]).toContain('the gateways of cloud');
});

test('nothing is recommended where there is one, or no balancer before gateways', () => {
  const probe = { path: '/orders', host: 'api.example.com', status: 200 };
  const gatewayGroups = new Map([...example.gatewayGroups].map(([name, group]) => [name, { ...group, probe }]));
  expect(adviceFor({ ...example, gatewayGroups })).toEqual([]);
  expect(adviceFor({ ...example, loadBalancers: new Map() })).toEqual([]);
  expect(adviceFor(unmanaged(['cp-1']))).toEqual([]);
});
