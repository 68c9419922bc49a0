import { expect, test } from 'vitest';
import type { DrainFlags } from '../../../src/cli/lb/drain.ts';
import { drainMember } from '../../../src/lb/drain-member.ts';
import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { apply } from '../../contract/carry-out.ts';
import type { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { INVENTORY, LbScene } from './scene.ts';
import { DRAINED, drain, IN, MAINTENANCE, restore } from './verbs.ts';

const ADDRESSES: Readonly<Record<string, string>> = { 'gw-1': '10.0.2.21', 'gw-2': '10.0.2.22' };

test('drains a node on every balancer, with a lease, and never connects to it', async () => {
  const scene = new LbScene();
  expect(await drain(scene, ['gw-1'])).toBe(0);
  for (const balancer of ['lb-1', 'lb-2']) {
    expect(scene.settings(balancer)).toEqual({ 'gw-1': DRAINED, 'gw-2': IN });
    expect(scene.leases(balancer)).toEqual(['gateways.gw-1.json']);
  }
  const lease = JSON.parse(String(scene.hosts['lb-1']?.fileText('/var/lib/api7-orch/leases/gateways.gw-1.json')));
  expect(lease).toMatchObject({
    node: 'gw-1',
    reason: 'new disks',
    by: expect.stringMatching(/.@./),
    v: 2,
    heldServers: [],
  });
  expect(lease).toMatchObject({ kind: 'hand' });
  expect(new Set(scene.connected)).toEqual(new Set(['lb-1', 'lb-2']));
});

test('shows at the end how to restore the node', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  expect(scene.events.find(({ type }) => type === 'roll.end')).toMatchObject({
    nodes: { 'gw-1': { state: 'done', traffic: 'out', next: `api7-orch lb restore gw-1 -i ${scene.file}` } },
  });
});

test('names its command at the start, for the list of runs', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  expect(scene.events[0]).toMatchObject({ type: 'run.start', title: 'lb drain', command: 'lb drain gw-1' });
});

test('changes nothing the second time, and keeps the first lease', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  const writes = scene.hosts['lb-1']?.writes;
  expect(await drain(scene, ['gw-1'], { reason: 'another one' })).toBe(0);
  expect(scene.hosts['lb-1']?.writes).toBe(writes);
  expect(scene.warnings).toContainEqual(expect.stringMatching(/gw-1 .*already has a lease of .*new disks/));
});

test('turns the lease of a run into a manual drain', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  const path = '/var/lib/api7-orch/leases/gateways.gw-1.json';
  const read = () => JSON.parse(String(scene.hosts['lb-1']?.fileText(path)));
  const root = { mode: '0600', owner: 'root', group: 'root' };
  scene.hosts['lb-1']?.files.write(path, Buffer.from(JSON.stringify({ ...read(), kind: 'run', by: 'ci@x' })), root);
  expect(await drain(scene, ['gw-1'], { reason: 'still the disks' })).toBe(0);
  expect(read()).toMatchObject({
    kind: 'hand',
    reason: 'still the disks',
    before: { 'gateways/gw-1': { admin: 'ready' } },
  });
  expect(scene.warnings).toContainEqual(expect.stringMatching(/lease of ci@x .*now yours and only lb restore ends it/));
});

test('reports a run that drained the node between its own read and write', async () => {
  const scene = new LbScene();
  const host = scene.hosts['lb-1'] as FakeHost;
  const swap = host.swapFile.bind(host);
  let swaps = 0;
  host.swapFile = async (...words) => {
    if (++swaps > 1) return await swap(...words);
    const balancer = haproxy({ pool: 'gateways', host: 'lb-1', socket: '/run/haproxy/admin.sock' });
    const member = { node: 'gw-1', address: '10.0.2.21', port: 9080 };
    const run = { by: 'ci@build', reason: 'api7-orch, cluster prod', how: 'drained', run: 'r1' } as const;
    await apply({ host, wait: (ms) => scene.clock.sleep(ms) }, drainMember({ balancer, member, ...run }));
    return await swap(...words);
  };
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toContainEqual(
    expect.stringMatching(/gw-1 in gateways on lb-1 had a lease of ci@build since .*it is now yours/),
  );
  const lease = JSON.parse(String(host.fileText('/var/lib/api7-orch/leases/gateways.gw-1.json')));
  expect(lease).toMatchObject({ kind: 'hand', reason: 'new disks', before: { 'gateways/gw-1': { admin: 'ready' } } });
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': IN, 'gw-2': IN });
});

/** A run drains gw-2 right before the first lease of gw-1 is written; `until`: and restores it then. */
function meetsRun(scene: LbScene, until = Number.POSITIVE_INFINITY): void {
  const path = '/var/lib/api7-orch/leases/gateways.gw-2.json';
  const run = { kind: 'run', run: 'r1', by: 'ci@build', at: '2026-03-01T12:00:00Z', reason: 'install', held: [] };
  const hosts = Object.values(scene.hosts);
  let begun = false;
  for (const host of hosts) {
    const swap = host.swapFile.bind(host);
    host.swapFile = async (...words) => {
      if (!begun)
        for (const { name, files } of hosts) {
          const lease = { node: 'gw-2', before: { 'gateways/gw-2': { admin: 'ready', weight: '40' } }, ...run };
          const root = { owner: 'root', group: 'root' };
          files.makeDirectory('/var/lib/api7-orch/leases', { ...root, mode: '0700' });
          files.write(path, Buffer.from(JSON.stringify(lease)), { ...root, mode: '0600' });
          scene.order(name, 'set server gateways/gw-2 state drain');
        }
      begun = true;
      return await swap(...words);
    };
  }
  scene.onTime = (now) => {
    if (!begun || now < until) return;
    for (const { name, files } of hosts) {
      scene.order(name, 'set server gateways/gw-2 state ready');
      files.remove(path);
    }
  };
}

test('a run that has drained the last other node meanwhile: the drain is undone, and the run is named', async () => {
  const scene = new LbScene();
  meetsRun(scene);
  expect(await drain(scene, ['gw-1'])).toBe(3);
  expect(scene.codes).toEqual(['OUTAGE_NOT_CONFIRMED']);
  const end = scene.events.find(({ type }) => type === 'run.end');
  expect(end?.type === 'run.end' && end.errors[0]?.message).toMatch(
    /no other member takes the requests of gw-1: gw-2 is being drained by ci@build since .* \(install\); .*this drain was taken back/,
  );
  expect(scene.events.some(({ type }) => type === 'roll.end')).toBe(false);
  for (const balancer of ['lb-1', 'lb-2']) {
    expect(scene.settings(balancer)).toEqual({ 'gw-1': IN, 'gw-2': DRAINED });
    expect(scene.leases(balancer)).toEqual(['gateways.gw-2.json']);
  }
});

test('waits for a run that withdraws', async () => {
  const scene = new LbScene();
  meetsRun(scene, 3000);
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-2')).toEqual({ 'gw-1': DRAINED, 'gw-2': IN });
});

test('with a confirmed outage other drains do not matter', async () => {
  const scene = new LbScene();
  meetsRun(scene);
  expect(await drain(scene, ['gw-1'], { yesOutage: 'prod' })).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': DRAINED, 'gw-2': DRAINED });
});

test('another drain that has only its lease yet counts: refused, and nothing is written', async () => {
  const scene = new LbScene();
  meetsRun(scene);
  await drain(scene, ['gw-1']);
  for (const name of ['lb-1', 'lb-2']) scene.order(name, 'set server gateways/gw-2 state ready');
  const writes = scene.hosts['lb-1']?.writes;
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.codes).toEqual(['OUTAGE_NOT_CONFIRMED']);
  expect(scene.events.at(-1)).toMatchObject({
    errors: [
      { message: expect.stringMatching(/^gateways will have no serving node: gw-2 is being drained by ci@build/) },
    ],
  });
  expect(scene.hosts['lb-1']?.writes).toBe(writes);
});

test('the lease of an earlier drain stays', async () => {
  const three = { 'gw-1': '10.0.2.21', 'gw-2': '10.0.2.22', 'gw-3': '10.0.2.23' };
  const scene = new LbScene({
    inventory: INVENTORY.replace('  lb-1:', '  gw-3: { address: 10.0.2.23 }\n  lb-1:').replace(
      '[gw-1, gw-2]',
      '[gw-1, gw-2, gw-3]',
    ),
    servers: Object.entries(three).map(([name, address]) => ({
      backend: 'gateways',
      name,
      address,
      port: 9080,
      weight: 40,
    })),
  });
  expect(await drain(scene, ['gw-3'])).toBe(0);
  meetsRun(scene);
  expect(await drain(scene, ['gw-1', 'gw-3'])).toBe(3);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': IN, 'gw-2': DRAINED, 'gw-3': DRAINED });
  expect(scene.leases('lb-1').toSorted()).toEqual(['gateways.gw-2.json', 'gateways.gw-3.json']);
});

test('waits for a run that restores the node, and no longer than that may take', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  const host = scene.hosts['lb-1'] as FakeHost;
  const path = '/var/lib/api7-orch/leases/gateways.gw-1.json';
  const root = { mode: '0600', owner: 'root', group: 'root' };
  const lease = { ...JSON.parse(String(host.fileText(path))), kind: 'run', restoring: '2026-03-01T12:00:00Z' };
  host.files.write(path, Buffer.from(JSON.stringify(lease)), root);
  scene.onTime = (now) => {
    if (now < 2000 || now > 2600) return;
    scene.order('lb-1', 'set server gateways/gw-1 state ready');
    host.files.remove(path);
  };
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe(DRAINED);
  expect(scene.leases('lb-1')).toEqual(['gateways.gw-1.json']);
  scene.onTime = () => undefined;
  host.files.write(path, Buffer.from(JSON.stringify(lease)), root);
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toContainEqual(expect.stringMatching(/a restore of gw-1 has not ended/));
  expect(JSON.parse(String(host.fileText(path)))).toMatchObject({ kind: 'hand' });
});

test('reports a reload of the balancer at once while it waits for sessions', async () => {
  const scene = new LbScene();
  scene.haproxies['lb-2']?.request('gateways');
  let reloaded = false;
  scene.onTime = (now) => {
    if (now < 1000 || reloaded) return;
    reloaded = true;
    scene.haproxies['lb-2']?.reload();
  };
  expect(await drain(scene, ['gw-1'])).toBe(3);
  expect(scene.codes).toEqual(['DRAIN_LOST']);
  expect(scene.clock.now()).toBeLessThan(3000);
});

test('is refused before the first order where one balancer takes no orders', async () => {
  const scene = new LbScene();
  const lb = scene.haproxies['lb-2'] as FakeHaproxy;
  lb.level = 'operator';
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.codes).toEqual(['HAPROXY_DENIED']);
  for (const name of ['lb-1', 'lb-2']) {
    expect(scene.settings(name)['gw-1']).toBe(IN);
    expect(scene.leases(name)).toEqual([]);
  }
});

const TLS = { backend: 'web_tls', name: 'gw-1-tls', address: '10.0.2.21', port: 9443, weight: 40 };
const PLAIN = { backend: 'gateways', port: 9080, weight: 40 };
const BOTH = [{ ...PLAIN, name: 'gw-1', address: '10.0.2.21' }, { ...PLAIN, name: 'gw-2', address: '10.0.2.22' }, TLS];

test('warns of requests to the node on a port of no pool', async () => {
  const scene = new LbScene({ servers: BOTH });
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toContainEqual(
    expect.stringMatching(/^lb-1 also sends requests to gw-1 .*backend web_tls, server gw-1-tls, port 9443;/),
  );
  expect(scene.settings('lb-1')['gw-1-tls']).toBe(IN);
  expect(await drain(new LbScene({ servers: BOTH }), ['gw-2'])).toBe(0);
});

test('drains it there, too, once a pool names the port', async () => {
  const pool =
    'tls: { driver: haproxy, hosts: load_balancer, socket: /run/haproxy/admin.sock, members: data_plane, port: 9443 }';
  const tls = { ...TLS, name: 'gw-2-tls', address: '10.0.2.22' };
  const scene = new LbScene({ servers: [...BOTH, tls], inventory: withPool(pool) });
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toEqual([]);
  expect(scene.settings('lb-2')).toMatchObject({ 'gw-1': DRAINED, 'gw-1-tls': MAINTENANCE, 'gw-2-tls': IN });
});

test('waits until no session remains', async () => {
  const scene = new LbScene();
  const running = scene.haproxies['lb-2']?.request('gateways');
  expect(running?.server).toBe('gw-1');
  let left = 0;
  scene.onTime = (now) => {
    if (left > 0 || now < 3000) return;
    left = now;
    running?.end();
  };
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(left).toBeGreaterThan(0);
});

test('leaves it drained, and reports it, when sessions remain for too long', async () => {
  const scene = new LbScene();
  scene.haproxies['lb-2']?.request('gateways');
  expect(await drain(scene, ['gw-1'])).toBe(3);
  expect(scene.codes).toEqual(['DRAIN_TIMEOUT']);
  expect(scene.settings('lb-2')['gw-1']).toBe(DRAINED);
  expect(scene.events.find(({ type }) => type === 'roll.end')).toMatchObject({
    nodes: { 'gw-1': { state: 'failed', traffic: 'out', next: expect.stringContaining('lb restore') } },
  });
});

test('does not wait with --no-wait', async () => {
  const scene = new LbScene();
  scene.haproxies['lb-2']?.request('gateways');
  expect(await drain(scene, ['gw-1'], { wait: false })).toBe(0);
  expect(scene.settings('lb-2')['gw-1']).toBe(DRAINED);
});

test('puts a node with sticky sessions into maintenance once its requests are done', async () => {
  const server = { backend: 'gateways', port: 9080, weight: 40, cookie: 'a' };
  const scene = new LbScene({
    servers: [
      { ...server, name: 'gw-1', address: '10.0.2.21' },
      { ...server, name: 'gw-2', address: '10.0.2.22' },
    ],
  });
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': MAINTENANCE, 'gw-2': IN });
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': IN, 'gw-2': IN });
});

test('reports pools with unmanaged balancers', async () => {
  const scene = new LbScene({
    inventory: withPool('clouds: { driver: none, members: gw-1, port: 9443, reason: no API }'),
  });
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toEqual([expect.stringMatching(/^Pool clouds is unmanaged.*no API/)]);
});

test.each<[string, (scene: LbScene) => void, RegExp]>([
  ['the last node that is up', (scene) => down(scene, 'gw-2'), /gateways will have no serving node/],
  [
    'the last one that one balancer reaches',
    (scene) => down(scene, 'gw-2', ['lb-2']),
    /gateways on lb-2 will have no serving node/,
  ],
  [
    'the last one that is not drained',
    (scene) => scene.order('lb-1', 'set server gateways/gw-2 state maint'),
    /gateways on lb-1 will have no serving node/,
  ],
])('refuses %s, and changes nothing', async (_name, prepare, message) => {
  const scene = new LbScene();
  prepare(scene);
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.events.at(-1)).toMatchObject({
    outcome: 'refused',
    errors: [{ code: 'OUTAGE_NOT_CONFIRMED', message: expect.stringMatching(message) }],
  });
  expect([scene.hosts['lb-1']?.writes, scene.hosts['lb-2']?.writes]).toEqual([0, 0]);
});

test('counts no node that is drained in one of the backends', async () => {
  const both = ['http', 'tcp'].flatMap((backend) =>
    Object.entries(ADDRESSES).map(([name, address]) => ({ backend, name, address, port: 9080, weight: 40 })),
  );
  const scene = new LbScene({ servers: both });
  scene.order('lb-2', 'set server http/gw-2 state maint');
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.codes).toEqual(['OUTAGE_NOT_CONFIRMED']);
});

test('drains even the last node when the cluster is named', async () => {
  const scene = new LbScene();
  expect(await drain(scene, ['data_plane'], { yesOutage: 'prod' })).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': DRAINED, 'gw-2': DRAINED });
});

test('drains a node that is down everywhere at any time', async () => {
  const scene = new LbScene();
  down(scene, 'gw-1');
  down(scene, 'gw-2');
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe(DRAINED);
});

test('adds nothing to an external drain, and reports it', async () => {
  const scene = new LbScene();
  scene.order('lb-1', 'set server gateways/gw-1 state maint');
  expect(await drain(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toEqual(['gw-1 in gateways on lb-1 is held externally; no changes made']);
  expect([scene.leases('lb-1'), scene.leases('lb-2')]).toEqual([[], ['gateways.gw-1.json']]);
  expect(scene.settings('lb-1')['gw-1']).toBe(MAINTENANCE);
});

test('is refused when a balancer is unreachable, and continues with --without-lb', async () => {
  const scene = new LbScene();
  scene.dead.add('lb-2');
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.hosts['lb-1']?.writes).toBe(0);
  expect(await drain(scene, ['gw-1'], { withoutLb: ['lb-2'] })).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe(DRAINED);
  expect(scene.warnings).toEqual([expect.stringContaining('ignored by --without-lb')]);
});

test('is refused when one balancer does not have the node, before any order', async () => {
  const scene = new LbScene({ servers: [{ backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080 }] });
  expect(await drain(scene, ['gw-1'])).toBe(2);
  expect(scene.codes).toEqual(['LB_MEMBER_UNKNOWN']);
  expect(scene.hosts['lb-1']?.writes).toBe(0);
});

test('when a balancer fails halfway, reports the unknown state and how to restore everything', async () => {
  const fake = new LbScene().haproxies['lb-2'] ?? expect.fail();
  const stubborn = new FakeHost({
    name: 'lb-2',
    haproxy: (what) => fake.show(what),
    haproxyCommand: () => 'Permission denied\n',
  });
  const scene = new LbScene({ more: { 'lb-2': stubborn } });
  expect(await drain(scene, ['gw-1'])).toBe(3);
  expect(scene.codes).toEqual(['LB_REFUSED']);
  expect(scene.events.find(({ type }) => type === 'roll.end')).toMatchObject({
    nodes: { 'gw-1': { state: 'failed', traffic: 'unknown', next: expect.stringContaining('lb restore') } },
  });
  expect(scene.settings('lb-1')['gw-1']).toBe(DRAINED);
});

test.each<[string, readonly string[], Partial<DrainFlags>, RegExp]>([
  ['a host that is no member', ['lb-1'], {}, /lb-1 is not a member of any managed pool/],
  ['a node of unmanaged pools only', ['cp-1'], {}, /cp-1 is not a member.*the cloud does it/],
  ['an empty reason', ['gw-1'], { reason: ' ' }, /--reason is empty/],
  ['the name of another cluster', ['gw-1'], { yesOutage: 'test' }, /this inventory is of cluster "prod"/],
  ['a balancer that is none', ['gw-1'], { withoutLb: ['gw-2'] }, /no load balancer of the inventory runs there/],
  ['no balancer at all', ['gw-1'], { withoutLb: ['lb-1', 'lb-2'] }, /no balancer that can be told|leaves no balancer/],
])('refuses %s before the first connection', async (_name, nodes, flags, message) => {
  const scene = new LbScene();
  await expect(drain(scene, nodes, flags)).rejects.toThrow(message);
  expect(scene.connected).toEqual([]);
});

/** Its process has ended, and the balancers have noticed. */
function down(scene: LbScene, node: string, balancers: readonly string[] = ['lb-1', 'lb-2']): void {
  for (const balancer of balancers) scene.haproxies[balancer]?.lives(ADDRESSES[node] ?? '', false);
  void scene.clock.sleep(10_000);
}

const withPool = (line: string): string => `${INVENTORY}  ${line}\n`;
