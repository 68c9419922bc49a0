import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { diagnose } from '../../../src/cli/lb/doctor/diagnose.ts';
import { doctorLines } from '../../../src/cli/lb/doctor/table.ts';
import type { MemberView } from '../../../src/core/host/balancer.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { poolMembersOf } from '../../../src/traffic/pool-snapshot.ts';
import { inDirectory } from '../../support/base/in-directory.ts';
import { INVENTORY } from './scene.ts';

const NGINX = `driver: nginx
    hosts: load_balancer
    include: /etc/nginx/gateways.conf`;
const HOOKS = `driver: command
    hosts: load_balancer
    hooks: { status: [/usr/local/bin/status], drain: [/usr/local/bin/drain], restore: [/usr/local/bin/restore] }`;
const HAPROXY = /driver: haproxy\n {4}hosts: load_balancer\n {4}socket: \S+/;

const AT = new Date('2026-03-01T12:00:00Z');

const OUT: MemberView = {
  servers: [
    { name: 'gateways/gw-1', state: 'drained', sessions: 0, setting: {}, sticky: false, sinceMs: 3_600_000 },
    { name: 'gateways/gw-1b', state: 'maintenance', sessions: 0, setting: {}, sticky: false },
  ],
  epoch: '1',
  lease: null,
  leaseDigest: null,
  held: ['gateways/gw-1', 'gateways/gw-1b'],
};

async function diagnosed(text: string) {
  return await inDirectory(async (path) => {
    await writeFile(path('prod.yaml'), text);
    const inventory = await loadInventory(path('prod.yaml'), { env: {}, extraVars: {} });
    const [poolMember] = poolMembersOf(inventory);
    if (poolMember === undefined) expect.fail();
    const strays = [{ host: 'lb-1', path: '/var/lib/api7-orch/leases/gateways.gw-9.json' }];
    const snapshot = { found: [{ poolMember, view: OUT }], strays };
    return diagnose(inventory, { snapshot, hosts: [], unreachable: [], errors: [] }, { at: AT });
  });
}

test.each([
  [
    'haproxy',
    INVENTORY,
    'on lb-1 send to /run/haproxy/admin.sock: set server gateways/gw-1 state ready; set server gateways/gw-1b state ready',
  ],
  [
    'nginx',
    INVENTORY.replace(HAPROXY, NGINX),
    'on lb-1 remove "down" from gateways/gw-1, gateways/gw-1b in /etc/nginx/gateways.conf, then reload nginx',
  ],
  ['command', INVENTORY.replace(HAPROXY, HOOKS), 'set gateways/gw-1, gateways/gw-1b back on lb-1'],
])('%s: how an operator ends a drain without a lease', async (_driver, text, how) => {
  const { report, nodes, clean } = await diagnosed(text);
  expect(report.findings).toMatchObject([
    {
      kind: 'external-drain',
      what: expect.stringContaining('drained and maintenance without a lease'),
      fixable: false,
      next: `to restore gw-1, ${how}`,
    },
  ]);
  expect([nodes, clean.size]).toEqual([[], 0]);
});

test('the time is that of the server that reports it', async () => {
  const { report } = await diagnosed(INVENTORY);
  expect(report.findings[0]?.since).toBe('2026-03-01T11:00:00.000Z');
});

test('a lease of no member of this inventory is shown, and is no finding', async () => {
  const { report } = await diagnosed(INVENTORY);
  expect(report.notes).toMatchObject([{ kind: 'stray-lease', host: 'lb-1' }]);
  expect(doctorLines({ ...report, findings: [] }, { paint: noPaint, width: 60 })).toEqual([
    'In use, not changed by --fix',
    'HOST  NODE  SINCE  BY  FINDING',
    'lb-1  -     -      -   lease of no member of this inventory: /var/lib/api7-orch/leases/gateways.gw-9.json',
    '',
    'nothing to repair',
  ]);
});
