import { expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import { LbScene } from './scene.ts';
import { drain, IN, MAINTENANCE, restore } from './verbs.ts';

test('a full disk of the balancer keeps no node drained', async () => {
  const scene = new LbScene();
  expect(await drain(scene, ['gw-1'])).toBe(0);
  const host = scene.hosts['lb-1'] as FakeHost;
  const { swapFile } = host;
  Object.assign(host, {
    swapFile: async (...words: Parameters<typeof swapFile>) => {
      if (words[1].to !== null) throw new OrchError('DISK_FULL', 'no space is left', { host: 'lb-1' });
      return await swapFile.apply(host, words);
    },
  });
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe('admin 0, weight 40');
  expect([scene.leases('lb-1'), scene.leases('lb-2')]).toEqual([[], []]);
});

test('restores exactly the previous settings, and removes the lease', async () => {
  const scene = new LbScene();
  scene.order('lb-1', 'set server gateways/gw-1 weight 7');
  await drain(scene, ['gw-1']);
  scene.connected.length = 0;
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe('admin 0, weight 7');
  expect(scene.settings('lb-2')['gw-1']).toBe(IN);
  expect([scene.leases('lb-1'), scene.leases('lb-2')]).toEqual([[], []]);
  expect(new Set(scene.connected)).toEqual(new Set(['lb-1', 'lb-2']));
});

test('reports a missing lease, and changes nothing', async () => {
  const scene = new LbScene();
  scene.order('lb-1', 'set server gateways/gw-1 state maint');
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toEqual([
    'gw-1 in gateways on lb-1 is held externally; it stays held',
    'gw-1 has no lease; nothing to restore',
  ]);
  expect(scene.settings('lb-1')['gw-1']).toBe(MAINTENANCE);
  expect(scene.hosts['lb-1']?.writes).toBe(0);
});

test('ends the mark of a node whose soak was not passed, and changes no setting', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  const path = '/var/lib/api7-orch/leases/gateways.gw-1.json';
  const lease = JSON.parse(scene.hosts['lb-1']?.fileText(path) ?? '');
  await restore(scene, ['gw-1']);
  const mark = { ...lease, kind: 'run', soaking: lease.at };
  scene.hosts['lb-1']?.files.write(path, Buffer.from(JSON.stringify(mark)), {
    mode: '0600',
    owner: 'root',
    group: 'root',
  });
  // A drain in between keeps the mark: the end of a drain is no verdict on the node.
  await drain(scene, ['gw-1']);
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(JSON.parse(scene.hosts['lb-1']?.fileText(path) ?? '')).toMatchObject({ soaking: lease.at });
  expect([scene.settings('lb-1')['gw-1'], scene.leases('lb-2')]).toEqual([IN, []]);

  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.warnings).toEqual([]);
  expect([scene.settings('lb-1')['gw-1'], scene.leases('lb-1')]).toEqual([IN, []]);
});

test('--all restores every node with a lease, and leaves leases of other inventories alone', async () => {
  const scene = new LbScene();
  await drain(scene, ['data_plane'], { yesOutage: 'prod' });
  const stray = '/var/lib/api7-orch/leases/gateways.gw-9.json';
  scene.hosts['lb-1']?.files.write(stray, Buffer.from('{}'), { mode: '0600', owner: 'root', group: 'root' });
  expect(await restore(scene, [], { all: true })).toBe(0);
  expect(scene.settings('lb-1')).toEqual({ 'gw-1': IN, 'gw-2': IN });
  expect([scene.leases('lb-1'), scene.leases('lb-2')]).toEqual([['gateways.gw-9.json'], []]);
  expect(scene.warnings).toEqual([expect.stringContaining(stray)]);
  expect(await restore(scene, [], { all: true })).toBe(0);
  expect(scene.warnings[0]).toBe('no node of prod has a lease; nothing to restore');
});

test('continues without an unreachable balancer, and reports that the restore is incomplete', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-1']);
  scene.dead.add('lb-1');
  expect(await restore(scene, ['gw-1'])).toBe(3);
  expect(scene.settings('lb-2')['gw-1']).toBe(IN);
  scene.dead.clear();
  expect(await restore(scene, ['gw-1'])).toBe(0);
  expect(scene.settings('lb-1')['gw-1']).toBe(IN);
});

test('restores the others when a balancer does not have one of the nodes', async () => {
  const scene = new LbScene();
  await drain(scene, ['gw-2']);
  const lost = new LbScene({
    servers: [{ backend: 'gateways', name: 'gw-2', address: '10.0.2.22', port: 9080, weight: 40 }],
  });
  for (const name of ['lb-1', 'lb-2']) {
    const path = '/var/lib/api7-orch/leases/gateways.gw-2.json';
    lost.hosts[name]?.files.makeDirectory('/var/lib/api7-orch/leases', {
      mode: '0700',
      owner: 'root',
      group: 'root',
    });
    lost.hosts[name]?.files.set(path, scene.hosts[name]?.files.get(path) ?? expect.fail());
    lost.order(name, 'set server gateways/gw-2 state drain');
  }
  expect(await restore(lost, [], { all: true })).toBe(3);
  expect(lost.codes).toEqual(['LB_MEMBER_UNKNOWN']);
  expect(lost.settings('lb-1')).toEqual({ 'gw-2': IN });
  expect(lost.leases('lb-1')).toEqual([]);
});

test.each<[string, readonly string[], { readonly all?: boolean }]>([
  ['neither nodes nor --all', [], {}],
  ['both', ['gw-1'], { all: true }],
])('refuses %s', async (_name, nodes, flags) => {
  await expect(restore(new LbScene(), nodes, flags)).rejects.toThrow(/no node was named|not both/);
});
