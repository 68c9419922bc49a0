import { expect, test } from 'vitest';
import { haproxyConfig } from '../lab/config/haproxy-config.ts';
import { labInventory } from '../lab/config/inventory.ts';
import type { LabFile } from '../lab/plan/lab-file.ts';
import { addressIn } from '../lab/plan/lab-network.ts';
import { type LabSize, topologyOf } from '../lab/plan/topology.ts';

const small: LabSize = { controlPlane: 2, dataPlane: 2, loadBalancers: 1 };
const lab = (size: LabSize): LabFile => ({
  id: 'lab',
  network: 'lab',
  subnet: '10.231.0.0/24',
  version: '3.10.5',
  size,
  balancer: 'haproxy',
  hosts: Object.fromEntries(
    topologyOf(size).map(({ name, byte, ports }) => [
      name,
      { container: `lab-${name}`, address: addressIn('10.231.0.0/24', byte), ports: { ...ports } },
    ]),
  ),
});
const plain = lab(small);
const edge = lab({ ...small, edgeGateways: 2 });

test('a lab without edge gateways has no part of them', () => {
  expect(`${haproxyConfig(plain)}${labInventory('/lab', plain, 20_000)}`).not.toMatch(/edge|tls|7943|7443/);
});

test('edge gateways leave the other hosts and their ports unchanged', () => {
  expect(edge.hosts).toMatchObject(plain.hosts);
  expect(haproxyConfig(edge).startsWith(haproxyConfig(plain))).toBe(true);
});

test.each([
  ['dp_managers_tls', 7943, 'server cp-2 10.231.0.12:7943 check port 17900', '/healthz', 'tcp'],
  ['dashboards_tls', 7443, 'server cp-2 10.231.0.12:7443 check port 17080', '/healthz', 'tcp'],
  ['edge', 80, 'server edge-1 10.231.0.121:80 check port 7085', '/status', 'http'],
  ['edge_tls', 443, 'server edge-2 10.231.0.122:443 check port 7085', '/status', 'tcp'],
  ['edge_tcp', 9000, 'server edge-1 10.231.0.121:9000 check port 7085', '/status', 'tcp'],
])('the balancer passes %s', (name, port, server, check, mode) => {
  const [, frontend = ''] = haproxyConfig(edge).split(`frontend ${name}_in\n`);
  const section = frontend.split('frontend ')[0] ?? '';
  expect(section).toContain(`bind :${port}\n`);
  expect(section).toContain(server);
  expect(section).toContain(`GET ${check}\n`);
  expect(section.match(/mode tcp/g)?.length ?? 0).toBe(mode === 'tcp' ? 2 : 0);
});

test('its inventory has the second group, certificates in place of the token, and every pool except the TCP twin', () => {
  const text = labInventory('/lab', edge, 20_000);
  expect(text).toContain('  edge_gateways: { hosts: [edge-1, edge-2] }\n');
  expect(text).toContain('endpoints: ["https://10.231.0.101:7943"]');
  expect(text).toContain('    ports: { http: 80, https: 443, status: 7085, tcp: [9000] }\n');
  expect(text).not.toContain('token');
  expect([...(text.split('load_balancers:\n')[1] ?? '').matchAll(/^ {2}(\w+): .* port: (\d+) }$/gm)]).toHaveLength(8);
  expect(text).not.toContain('gateways_tcp');
});
