import { expect, test } from 'vitest';
import type { PoolsReport } from '../../../src/cli/lb/report.ts';
import { lbStatus } from '../../../src/cli/lb/status.ts';
import { ago, poolsLines } from '../../../src/cli/lb/table.ts';
import { defined } from '../../../src/core/base/data.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { INVENTORY, LbScene } from './scene.ts';

const show = (scene: LbScene, pattern = 'all', output?: 'json'): Promise<number> =>
  lbStatus(pattern, { inventory: scene.file, forks: '50', ...defined({ output }) }, scene.outside);

const LEASE = { node: 'gw-1', before: {}, by: 'ops@desk', at: '1969-12-31T23:48:00Z', reason: 'new disks', held: [] };

function lease(scene: LbScene, balancer: string, more: object = {}): void {
  const directory = '/var/lib/api7-orch/leases';
  const { files } = scene.hosts[balancer] ?? expect.fail();
  files.makeDirectory(directory, { mode: '0700', owner: 'root', group: 'root' });
  const text = Buffer.from(JSON.stringify({ ...LEASE, ...more }));
  files.write(`${directory}/gateways.gw-1.json`, text, { mode: '0600', owner: 'root', group: 'root' });
}

test('a row for every member behind every balancer, and the holder of its drain', async () => {
  const scene = new LbScene();
  lease(scene, 'lb-1');
  scene.order('lb-1', 'set server gateways/gw-1 state drain');
  lease(scene, 'lb-2');
  scene.order('lb-2', 'set server gateways/gw-2 state maint');
  scene.haproxies['lb-1']?.request('gateways');
  expect(await show(scene)).toBe(0);
  expect(scene.printed).toBe(`Pool gateways (haproxy, port 9080)
NODE  ADDRESS         BALANCER  STATE        SESSIONS  HELD BY
gw-1  10.0.2.21:9080  lb-1      drained             0  ops@desk, 12m ago: new disks
gw-1  10.0.2.21:9080  lb-2      up                  0  ops@desk, 12m ago: new disks (drain lost)
gw-2  10.0.2.22:9080  lb-1      up                  1  -
gw-2  10.0.2.22:9080  lb-2      maintenance         0  external

Pool dashboards (unmanaged, port 17080): the cloud does it
NODE  ADDRESS          BALANCER  STATE  SESSIONS  HELD BY
cp-1  10.0.1.11:17080  -         -             -  -
cp-2  10.0.1.12:17080  -         -             -  -
`);
});

test('a member whose soak was not passed is in service, with that note', async () => {
  const scene = new LbScene();
  lease(scene, 'lb-1', { soaking: '1969-12-31T23:59:00Z' });
  expect(await show(scene, 'gw-1')).toBe(0);
  expect(scene.printed).toContain('gw-1  10.0.2.21:9080  lb-1      up            0  soak not passed, 1m ago');
  await show(scene, 'gw-1', 'json');
  const [member] = (JSON.parse(scene.printed) as PoolsReport).pools[0]?.members ?? [];
  expect(member?.balancers[0]).toMatchObject({ lease: null, soaking: '1969-12-31T23:59:00Z' });
});

test('one round trip for each balancer, no write, and no connection to a member', async () => {
  const scene = new LbScene();
  await show(scene);
  expect(scene.connected).toEqual(['lb-1', 'lb-2']);
  for (const { trips, writes } of Object.values(scene.hosts))
    expect({ trips, writes }).toEqual({ trips: 1, writes: 0 });
});

test('an unreachable balancer is one row, the others are shown, and the exit code is 3', async () => {
  const scene = new LbScene();
  scene.dead.add('lb-2');
  expect(await show(scene, 'data_plane')).toBe(3);
  expect(scene.printed).toBe(`Pool gateways (haproxy, port 9080)
NODE  ADDRESS         BALANCER  STATE  SESSIONS  HELD BY
gw-1  10.0.2.21:9080  lb-1      up            0  -
gw-2  10.0.2.22:9080  lb-1      up            0  -
-     -               lb-2      CONNECT_REFUSED: lb-2 refused

CONNECT_REFUSED on lb-2: lb-2 refused
`);
});

test('a member that one balancer does not have is reported on its own row', async () => {
  const scene = new LbScene({ servers: [{ backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080 }] });
  expect(await show(scene, 'lb-1')).toBe(3);
  expect(scene.printed).toMatch(/^gw-1 .* lb-1 {6}LB_MEMBER_UNKNOWN: no backend of HAProxy on lb-1/m);
  expect(scene.printed).toMatch(/hint: add "server gw-1 10\.0\.2\.21:9080 check"/);
});

test.each<[string, readonly string[]]>([
  ['gw-1', ['gw-1 lb-1', 'gw-1 lb-2']],
  ['lb-2', ['gw-1 lb-2', 'gw-2 lb-2']],
  ['cp-1', ['cp-1 none']],
])('pattern %s shows its pools and members', async (pattern, rows) => {
  const scene = new LbScene();
  await show(scene, pattern, 'json');
  const report: PoolsReport = JSON.parse(scene.printed);
  const members = report.pools.flatMap((pool) => pool.members);
  expect(
    members.flatMap(({ node, balancers }) =>
      balancers.length === 0 ? [`${node} none`] : balancers.map(({ host }) => `${node} ${host}`),
    ),
  ).toEqual(rows);
});

test('a pattern without a pool is refused', async () => {
  const scene = new LbScene({ inventory: INVENTORY.replace('hosts:\n', 'hosts:\n  db-1: { address: 10.0.3.1 }\n') });
  await expect(show(scene, 'db-1')).rejects.toThrow(/no pool of .* matches "db-1"/);
});

test('as JSON: one object, with every server of a member, errors once', async () => {
  const scene = new LbScene();
  lease(scene, 'lb-1', { held: ['gateways/gw-1'] });
  scene.order('lb-1', 'set server gateways/gw-1 state drain');
  scene.dead.add('lb-2');
  expect(await show(scene, 'gw-1', 'json')).toBe(3);
  const error = { code: 'CONNECT_REFUSED', message: 'lb-2 refused', host: 'lb-2' };
  expect(JSON.parse(scene.printed)).toEqual({
    cluster: 'prod',
    at: '1970-01-01T00:00:00.000Z',
    pools: [
      {
        name: 'gateways',
        driver: 'haproxy',
        port: 9080,
        members: [
          {
            node: 'gw-1',
            address: '10.0.2.21',
            balancers: [
              {
                host: 'lb-1',
                state: 'drained',
                sessions: 0,
                servers: [{ name: 'gateways/gw-1', state: 'drained', sessions: 0, sticky: false }],
                lease: { by: 'ops@desk', at: LEASE.at, reason: 'new disks', kind: 'run' },
                held: ['gateways/gw-1'],
              },
              { host: 'lb-2', error },
            ],
          },
        ],
      },
    ],
    strays: [],
    errors: [error],
  });
});

test('leases without a member in this inventory are reported', async () => {
  const scene = new LbScene();
  lease(scene, 'lb-1');
  const { files } = scene.hosts['lb-1'] ?? expect.fail();
  const path = '/var/lib/api7-orch/leases/gateways.gw-9.json';
  files.write(path, Buffer.from('{}'), { mode: '0600', owner: 'root', group: 'root' });
  expect(await show(scene)).toBe(0);
  expect(scene.printed).toContain(`\nlb-1: stray lease ${path}: not a member in this inventory\n`);
});

test('servers of one member that differ are both shown, and a long reason follows on a line of its own', () => {
  const report: PoolsReport = {
    cluster: 'prod',
    at: '2026-01-01T00:00:00Z',
    pools: [
      {
        name: 'gateways',
        driver: 'haproxy',
        port: 9080,
        members: [
          {
            node: 'gw-1',
            address: 'fd00::21',
            balancers: [
              {
                host: 'lb-1',
                state: 'mixed',
                sessions: null,
                servers: [
                  { name: 'http/gw-1', state: 'drained', sessions: null, sticky: false },
                  { name: 'tcp/gw-1', state: 'maintenance', sessions: null, sticky: false },
                ],
                lease: {
                  by: 'ops@desk',
                  at: '2025-12-30T00:00:00Z',
                  reason: 'a very long story '.repeat(9),
                  kind: 'run',
                },
                held: ['tcp/gw-1'],
              },
            ],
          },
        ],
      },
    ],
    strays: [],
    errors: [],
  };
  const lines = poolsLines(report, { paint: noPaint, width: 100 });
  expect(lines[2]).toMatch(/^gw-1 {2}\[fd00::21\]:9080 {2}lb-1 {6}drained, maintenance {9}-$/);
  expect(lines[3]).toMatch(/^ {2}held by: ops@desk, 2d ago: a very.*…$/);
  expect(Math.max(...lines.map((line) => line.length))).toBe(100);
});

test.each([
  ['2026-01-01T11:59:59Z', '1s ago'],
  ['2026-01-01T11:00:00Z', '1h ago'],
  ['2025-12-29T12:00:00Z', '3d ago'],
  ['2026-01-01T12:00:05Z', 'just now'],
])('%s is %s', (at, text) => {
  expect(ago(at, new Date('2026-01-01T12:00:00Z'))).toBe(text);
});
