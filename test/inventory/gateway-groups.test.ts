import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dashboardConfig, gatewayConfig } from '../../src/api7/config.ts';
import { gatewayEnv } from '../../src/api7/gateway-env.ts';
import { published } from '../../src/api7/ports.ts';
import { serviceBehind, servicesOn } from '../../src/api7/services.ts';
import { gatewayGroupOf } from '../../src/inventory/gateway-group.ts';
import { loadInventory } from '../../src/inventory/load.ts';

const file = join(import.meta.dirname, '../fixtures/inventory/accepted/groups.yaml');
const inventory = await loadInventory(file, { env: {} });
const host = (name: string) => inventory.hosts.get(name) ?? expect.fail(`no host ${name}`);
const group = (name: string) => gatewayGroupOf(inventory, name);

test('a host belongs to the gateway group whose pattern names it', () => {
  expect([...inventory.gatewayGroups.values()].map(({ name, hosts }) => [name, hosts])).toEqual([
    ['default', ['gw-1', 'gw-2']],
    ['edge', ['edge-1', 'edge-2']],
  ]);
});

test('settings that a group omits come from api7.gateway, and its login replaces the shared one', () => {
  expect(group('gw-1')).toMatchObject({
    group: 'default',
    endpoints: ['http://10.0.0.10:17900'],
    auth: { kind: 'token' },
  });
  expect(group('edge-1')).toMatchObject({
    group: 'edge-id',
    endpoints: ['https://10.0.0.10:7943'],
    auth: { kind: 'certificate', sni: 'api7ee3-dp-manager' },
    probe: { path: '/ready', host: 'shop.example.com', status: 200 },
  });
  expect(Object.keys(gatewayEnv(group('gw-1'), { name: 'gw-1' }))).toContain('API7_CONTROL_PLANE_TOKEN');
  expect(Object.keys(gatewayEnv(group('edge-1'), { name: 'edge-1' }))).toContain('API7_CONTROL_PLANE_CERT');
});

test('a host may log in with a certificate of its own', () => {
  expect([...group('edge-2').authByHost.keys()]).toEqual(['edge-2']);
  expect(gatewayEnv(group('edge-2'), { name: 'edge-2' }).API7_CONTROL_PLANE_CA).toBe(
    gatewayEnv(group('edge-1'), { name: 'edge-1' }).API7_CONTROL_PLANE_CA,
  );
});

test('ports of the host lead to the ports of a gateway; stream ports are the same on both sides', () => {
  const [gateway] = servicesOn(inventory, host('edge-1'));
  const ports = published(gateway?.ports ?? [], host('edge-1'));
  expect(ports.map((one) => `${one.address}:${one.host} > ${one.container}`)).toEqual([
    '10.0.3.31:80 > 9080',
    '0.0.0.0:443 > 9443',
    '127.0.0.1:7085 > 7085',
    '10.0.3.31:7085 > 7085',
    '10.0.3.31:9000 > 9000',
  ]);
});

test('a pool is that of the service which publishes its port on the member', () => {
  const at = (node: string, port: number) => serviceBehind(inventory, { node, port })?.name;
  expect([at('edge-1', 80), at('edge-1', 9000), at('gw-1', 80), at('cp-1', 443), at('cp-1', 7943)]).toEqual([
    'gateway',
    'gateway',
    undefined,
    'dashboard',
    'dpManager',
  ]);
});

test('the configuration of a group: listeners of its stream routes, and its own settings over those of all', () => {
  expect(gatewayConfig(group('edge-1'))).toEqual({
    apisix: { status: { ip: '0.0.0.0', port: 7085 }, proxy_mode: 'http&stream', stream_proxy: { tcp: [9000] } },
    nginx_config: { worker_shutdown_timeout: '240s', worker_processes: 4, error_log_level: 'error' },
  });
  expect(gatewayConfig(group('gw-1'))).not.toHaveProperty('apisix.stream_proxy');
});

test('DP Manager and the dashboard publish their TLS port where it is set', () => {
  expect(inventory.api7.dpManager.ports.map((port) => port.host)).toEqual([17_900, 7943]);
  expect(dashboardConfig(inventory.api7)).toMatchObject({
    server: {
      listen: { port: 17_080 },
      tls: { disable: false, port: 7443, cert_file: '/opt/api7/tls-cert.pem', key_file: '/opt/api7/tls-key.pem' },
    },
  });
});
