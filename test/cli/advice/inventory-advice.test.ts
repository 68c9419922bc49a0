import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adviceFor as allAdvice } from '../../../src/cli/advice/inventory-advice.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';

const example: Inventory = await loadInventory(join(import.meta.dirname, '../../../inventory.example.yaml'), {
  env: { API7_DB_PASSWORD: 'database-password', API7_GATEWAY_TOKEN: 'a-token' },
});

/** Without places. */
const adviceFor = (inventory: Inventory): readonly string[] =>
  allAdvice(inventory).flatMap(({ message, hint }) => [message, `hint: ${hint}`]);

const unmanaged = (members: readonly string[]): Inventory => ({
  ...example,
  loadBalancers: new Map([['cloud', { driver: 'none', name: 'cloud', members, reason: 'a cloud balancer' }]]),
});

test('a probe is recommended where gateways behind a balancer have none', () => {
  expect(adviceFor(example)).toEqual([
    expect.stringMatching(/^gateways have no probe; /),
    expect.stringMatching(/^hint: set api7\.gateway\.probe to a request that each gateway must answer/),
  ]);
  expect(adviceFor(unmanaged(['gw-1']))[0]).toContain('gateways have no probe');
});

test('nothing is recommended where there is one, or no balancer before gateways', () => {
  const probe = { path: '/orders', host: 'api.example.com', status: 200 };
  const gatewayGroups = new Map([...example.gatewayGroups].map(([name, group]) => [name, { ...group, probe }]));
  expect(adviceFor({ ...example, gatewayGroups })).toEqual([]);
  expect(adviceFor({ ...example, loadBalancers: new Map() })).toEqual([]);
  expect(adviceFor(unmanaged(['cp-1']))).toEqual([]);
});

test('the TLS port of DP Manager is recommended where gateways log in by certificate', () => {
  const [[name, group] = expect.fail('no group')] = example.gatewayGroups;
  const auth = { kind: 'certificate', cert: '', key: Secret.of('some-key'), ca: '', sni: 'dp' } as const;
  const gatewayGroups = new Map([[name, { ...group, auth }]]);
  const byCertificate = { ...example, gatewayGroups, loadBalancers: new Map() };
  expect(adviceFor(byCertificate)).toEqual([
    expect.stringContaining('the TLS port of DP Manager is not published'),
    'hint: set api7.dp_manager.ports.https to 7943',
  ]);
  const https = { name: 'https', protocol: 'tcp', container: 7943, host: 7943, addresses: [] } as const;
  const { api7 } = example;
  const dpManager = { ...api7.dpManager, ports: [...api7.dpManager.ports, https] };
  expect(adviceFor({ ...byCertificate, api7: { ...api7, dpManager } })).toEqual([]);
});

test('a login of its own is recommended for each gateway group', () => {
  const [[, group] = expect.fail('no group')] = example.gatewayGroups;
  const of = (name: string, id = name) => [name, { ...group, name, group: id }] as const;
  const advice = (...groups: readonly ReturnType<typeof of>[]) =>
    adviceFor({ ...example, gatewayGroups: new Map(groups), loadBalancers: new Map() });
  expect(advice(of('default'), of('edge'))[0]).toBe('gateway groups default and edge log in with the same token');
  expect(advice(of('default'), of('copy', 'default'))).toEqual([]);
});
