import { describe, expect, test } from 'vitest';
import { PATHS } from '../../src/api7/paths.ts';
import { recordPath } from '../../src/tasks/previous/record.ts';
import { everyNth, momentsOf } from '../lab/scenes/day-seed.ts';
import { due } from './installed.ts';
import type { SmallCluster } from './small-cluster.ts';

// A gateway whose change fails goes back to its earlier version: whole runs of the built-in playbooks on the smallest cluster.

const GATEWAYS = ['gw-1', 'gw-2'];
const IN_SERVICE = { state: 'failed', traffic: 'in' };

type Bad = 'unready' | 'badRoutes';
const BAD: readonly (readonly [Bad, string])[] = [
  ['unready', 'NOT_READY'],
  ['badRoutes', 'SOAK_FAILED'],
];

const config = (cluster: SmallCluster, name: string): string => cluster.host(name).fileText(PATHS.gatewayConfig) ?? '';

/** Both gateways serve with the old version, as without the attempt. */
function isAsBefore(cluster: SmallCluster, before: string): void {
  for (const name of ['gw-1', 'gw-2']) {
    expect([name, cluster.runs(name), cluster.serves(name)]).toEqual([name, '3.10.5', true]);
    expect(config(cluster, name)).toBe(before);
  }
}

describe.each(BAD)('a version that is bad: %s', (bad, code) => {
  test('the first gateway goes back and serves; the others are not started, and the same command works once it is good', async () => {
    const cluster = await due(1);
    const before = config(cluster, 'gw-1');
    cluster.edit('  gateway:', '  config: { gateway: { nginx_config: { worker_processes: 2 } } }\n  gateway:');
    cluster[bad].add(cluster.version);
    const away: string[] = [];
    cluster.onOperation = () => {
      if (!cluster.serves('gw-1') && !cluster.serves('gw-2')) away.push('both');
    };
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 4, codes: [code], asked: [], outages: [] });
    expect(ran.nodes).toMatchObject({
      'gw-1': { state: 'rolledBack', traffic: 'in' },
      'gw-2': { state: 'untouched', traffic: 'in' },
    });
    expect(ran.nodes['gw-1']?.next).toBeUndefined();
    isAsBefore(cluster, before);
    expect(away).toEqual([]);
    cluster.repair();
    await cluster.settle();
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
    await cluster.settle();
    expect(cluster.leftovers()).toEqual([]);
  });

  test('with --on-failure stop it stays drained, as it is', async () => {
    const cluster = await due(1);
    cluster[bad].add(cluster.version);
    const ran = await cluster.run('install', {}, { onFailure: 'stop' });
    expect(ran).toMatchObject({ exitCode: 3, codes: [code], nodes: { 'gw-1': { state: 'failed', traffic: 'out' } } });
    expect(cluster.runs('gw-1')).toBe(cluster.version);
    cluster.repair();
    await cluster.settle();
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  });

  test('a manually edited configuration keeps the gateway from going back, and the end reports it', async () => {
    const cluster = await due(1);
    cluster[bad].add(cluster.version);
    const { files } = cluster.host('gw-1');
    files.write(PATHS.gatewayConfig, Buffer.from('# by hand\n'), { mode: '0640', owner: 'root', group: '636' });
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 3, codes: [code], nodes: { 'gw-1': { state: 'failed', traffic: 'out' } } });
    expect(ran.nodes['gw-1']?.cause).toContain(`not rolled back: ${PATHS.gatewayConfig} was edited externally`);
    cluster.repair();
    await cluster.settle();
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  });

  test('a gateway that did not serve before its change does not go back', async () => {
    const cluster = await due(1);
    cluster.unseen.add('gw-1');
    cluster.health();
    await cluster.settle();
    cluster.unseen.clear();
    cluster.unready.add(cluster.version);
    cluster.unseen.add('gw-1');
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 3, nodes: { 'gw-1': { state: 'failed' } } });
    expect(ran.nodes['gw-1']?.cause).toContain('not in full service before the change');
  });

  test('while its image is missing on the host it does not go back (NO_WAY_BACK)', async () => {
    const cluster = await due(1);
    cluster[bad].add(cluster.version);
    const engine = cluster.engine('gw-1');
    const image = engine.image.bind(engine);
    engine.image = async (ref) => (ref.endsWith('3.10.5') ? null : await image(ref));
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 3, codes: [code], nodes: { 'gw-1': { state: 'failed', traffic: 'out' } } });
    expect(ran.nodes['gw-1']?.cause).toContain('is no longer on the host');
  });

  const halfWrites = everyNth(9, momentsOf(200, 200));

  test.each(halfWrites)(
    'killed at half write %i, the same command ends as without the kill',
    { timeout: 60_000 },
    async (at) => {
      const cluster = await due(1);
      const before = config(cluster, 'gw-1');
      cluster[bad].add(cluster.version);
      cluster.killAt = at;
      await cluster.run();
      cluster.killAt = undefined;
      await cluster.settle();
      const again = await cluster.run();
      expect(again).toMatchObject({ exitCode: 4, codes: [code], asked: [], outages: [] });
      isAsBefore(cluster, before);
    },
  );
});

describe('a change that fails before the old gateway is stopped', () => {
  /** Both gateways serve with the old version; once it is repaired, the same command succeeds. */
  async function serve(cluster: SmallCluster): Promise<void> {
    for (const name of GATEWAYS)
      expect([name, cluster.runs(name), cluster.serves(name)]).toEqual([name, '3.10.5', true]);
    cluster.repair();
    for (const name of ['cp-1', 'cp-2']) await cluster.engine(name).start('api7-dp-manager');
    await cluster.settle();
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
    await cluster.settle();
    expect(cluster.leftovers()).toEqual([]);
  }

  test('its Engine refuses the new container: the gateway is restored as it is', async () => {
    const cluster = await due(1);
    // The first container of the run checks the configuration.
    cluster.fail({ host: 'gw-1', operation: 'create', nth: 1, code: 'DOCKER_FAILED' });
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 3, codes: ['DOCKER_FAILED'], nodes: { 'gw-1': IN_SERVICE } });
    await serve(cluster);
  });

  test('its Engine refuses the new container, and its configuration is written: it goes back to the old one', async () => {
    const cluster = await due(1);
    const before = config(cluster, 'gw-1');
    cluster.edit('  gateway:', '  config: { gateway: { nginx_config: { worker_processes: 2 } } }\n  gateway:');
    cluster.fail({ host: 'gw-1', operation: 'create', nth: 1, code: 'DOCKER_FAILED' });
    const ran = await cluster.run();
    const back = { state: 'rolledBack', traffic: 'in' };
    expect(ran).toMatchObject({ exitCode: 4, codes: ['DOCKER_FAILED'], nodes: { 'gw-1': back } });
    expect(config(cluster, 'gw-1')).toBe(before);
    await serve(cluster);
  });

  test.each([{}, { onFailure: 'stop' } as const])(
    'the control plane is lost right before the stop, with %o: the gateway is restored as it is',
    async (flags) => {
      const cluster = await due(1);
      cluster.onOperation = (host, operation) => {
        if (host !== 'gw-1' || operation !== 'create' || cluster.serves('gw-1')) return;
        for (const name of ['cp-1', 'cp-2']) cluster.engine(name).crash('api7-dp-manager', 1);
      };
      const ran = await cluster.run('install', {}, flags);
      expect(ran).toMatchObject({ exitCode: 3, codes: ['CONTROL_PLANE_UNREACHABLE'], nodes: { 'gw-1': IN_SERVICE } });
      await serve(cluster);
    },
  );

  test('a dashboard whose new container is refused is restored, too', async () => {
    const cluster = await due(1);
    cluster.fail({ host: 'cp-1', operation: 'create', nth: 0, code: 'DOCKER_FAILED' });
    const ran = await cluster.run();
    expect(ran).toMatchObject({ exitCode: 3, codes: ['DOCKER_FAILED'], nodes: { 'cp-1': IN_SERVICE } });
    await serve(cluster);
  });
});

test.each(everyNth(5, momentsOf(42, 84)))(
  'interrupted at write %i, the node in progress reaches a safe point: it serves',
  { timeout: 60_000 },
  async (at) => {
    const cluster = await due(1);
    cluster.unready.add(cluster.version);
    cluster.interruptAfter(at);
    const ran = await cluster.run();
    // With its last write the run records its result.
    expect(ran).toMatchObject({ exitCode: cluster.writes - 1 > at ? 6 : 4, asked: [], outages: [] });
    await cluster.settle();
    for (const name of ['gw-1', 'gw-2']) expect([cluster.runs(name), cluster.serves(name)]).toEqual(['3.10.5', true]);
  },
);

test('the record is readable by root only, keeps the states that served, and has the settings by which the container was created', async () => {
  const cluster = await due(1);
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  await cluster.settle();
  cluster.upgrade();
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  const { files } = cluster.host('gw-1');
  const path = recordPath('api7-gateway');
  const record = JSON.parse(cluster.host('gw-1').fileText(path) ?? '{}');
  expect(files.get(path)).toMatchObject({ mode: '0600', owner: 'root' });
  expect(record.states.map(({ ref }: { ref: string }) => ref.split(':').at(-1))).toEqual(['3.10.6', '3.10.5']);
});

describe('the playbook rollback', () => {
  const upgraded = async (): Promise<SmallCluster> => {
    const cluster = await due(1);
    expect(await cluster.run()).toMatchObject({ exitCode: 0 });
    await cluster.settle();
    return cluster;
  };
  const back = (cluster: SmallCluster, to: string, within = GATEWAYS) => cluster.run('rollback', { to }, {}, within);

  test('returns gateways to the version before, one after another, and a second time changes nothing', async () => {
    const cluster = await upgraded();
    expect(await back(cluster, '3.10.5')).toMatchObject({ exitCode: 0, asked: [], outages: [] });
    await cluster.settle();
    for (const name of GATEWAYS) expect([cluster.runs(name), cluster.serves(name)]).toEqual(['3.10.5', true]);
    expect(await back(cluster, '3.10.5')).toMatchObject({ exitCode: 0, nodes: {} });
    expect(cluster.writes).toBe(0);
  });

  test('a version without a record is refused before any drain (NO_WAY_BACK)', async () => {
    const cluster = await upgraded();
    const ran = await back(cluster, '3.9.0');
    expect(ran).toMatchObject({ exitCode: 2, codes: ['NO_WAY_BACK', 'NO_WAY_BACK'] });
    expect(ran.messages[0]).toContain('version 3.9.0 is not recorded; recorded: 3.10.5');
    for (const name of GATEWAYS) expect([cluster.runs(name), cluster.serves(name)]).toEqual(['3.10.6', true]);
  });

  test.each([1, 2])('the version before stays within reach after %i changes of settings', async (changes) => {
    const cluster = await upgraded();
    cluster.edit('  gateway:', '  config: { gateway: { nginx_config: { worker_processes: 1 } } }\n  gateway:');
    for (let count = 1; count <= changes; count++) {
      cluster.edit(`worker_processes: ${count}`, `worker_processes: ${count + 1}`);
      expect(await cluster.run()).toMatchObject({ exitCode: 0 });
      await cluster.settle();
    }
    expect(await back(cluster, '3.10.5')).toMatchObject({ exitCode: 0, asked: [], outages: [] });
    await cluster.settle();
    for (const name of GATEWAYS) expect([cluster.runs(name), cluster.serves(name)]).toEqual(['3.10.5', true]);
  });

  test('the control plane is refused with the reason', async () => {
    const cluster = await upgraded();
    const ran = await back(cluster, '3.10.5', ['cp-1', 'cp-2']);
    expect(ran).toMatchObject({ exitCode: 2, codes: ['NO_WAY_BACK', 'NO_WAY_BACK'] });
    expect(ran.messages[0]).toContain('the database may have been migrated since');
  });

  test.each([0, 5, 11, 16, 20, 25, 29, 34].map((at) => at))(
    'killed at half write %i, the same command succeeds',
    async (at) => {
      const cluster = await upgraded();
      cluster.killAt = at;
      await back(cluster, '3.10.5');
      cluster.killAt = undefined;
      await cluster.settle();
      expect(await back(cluster, '3.10.5')).toMatchObject({ exitCode: 0, asked: [], outages: [] });
      await cluster.settle();
      for (const name of GATEWAYS) expect([cluster.runs(name), cluster.serves(name)]).toEqual(['3.10.5', true]);
    },
  );
});
