import { expect, test } from 'vitest';
import { leasePath } from '../../src/lb/lease.ts';
import { DoctorScene } from '../cli/lb/doctor-scene.ts';
import type { SmallCluster } from './small-cluster.ts';

// A gateway fails its soak while the other one of the pool does not serve.

const LBS = ['lb-1', 'lb-2'];

const hasMarkIn = (cluster: SmallCluster, lb: string, field: 'soaking' | 'soakDue'): boolean =>
  cluster.host(lb).fileText(leasePath('gateways', 'gw-1'))?.includes(`"${field}"`) === true;

const isSoaking = (cluster: SmallCluster): boolean => LBS.every((lb) => hasMarkIn(cluster, lb, 'soaking'));

const drained = (scene: DoctorScene, node: string): void => {
  scene.leaseOnBoth(node, { kind: 'hand', by: 'ops@desk' });
};

/** The controller of an upgrade is killed while the first gateway is soaked. */
async function killedInSoak(): Promise<DoctorScene> {
  const scene = await DoctorScene.installed();
  const { cluster } = scene;
  cluster.upgrade();
  cluster.onOperation = () => {
    if (isSoaking(cluster)) cluster.killAt ??= 2 * cluster.writes;
  };
  expect((await cluster.run()).exitCode).toBeUndefined();
  expect(isSoaking(cluster)).toBe(true);
  cluster.repair();
  await cluster.settle(120_000);
  return scene;
}

const KEPT = expect.stringContaining(
  'gw-1 has more errors than its unchanged peers: 100.0% 5xx responses (80 in 80 requests); gw-1 is not drained again: max unavailable 1 is already used by gw-2 (',
);

test('after a kill in its soak: the next run soaks it again, and leaves it in service', async () => {
  const scene = await killedInSoak();
  const { cluster } = scene;
  drained(scene, 'gw-2');
  cluster.erring.add('gw-1');
  cluster.health();
  const { codes, nodes } = await cluster.run();
  expect(codes).toEqual(['NODE_HELD', 'SOAK_FAILED']);
  expect(nodes['gw-1']).toEqual({ state: 'failed', traffic: 'in', cause: KEPT });
  expect([cluster.serves('gw-1'), isSoaking(cluster)]).toEqual([true, true]);
});

test('after a kill in its soak: lb doctor --fix leaves it in service', async () => {
  const scene = await killedInSoak();
  const { cluster } = scene;
  drained(scene, 'gw-2');
  cluster.erring.add('gw-1');
  cluster.health();
  expect((await scene.report({ fix: true })).code).toBe(3);
  expect([cluster.serves('gw-1'), isSoaking(cluster)]).toEqual([true, true]);
});

test('after a kill in its soak: a run with --limit does not drain the other one', async () => {
  const scene = await killedInSoak();
  const { cluster } = scene;
  cluster.erring.add('gw-1');
  cluster.health();
  const { exitCode, messages } = await cluster.run('install', {}, {}, ['gw-2']);
  expect({ exitCode, messages }).toEqual({
    exitCode: 2,
    messages: ['BUDGET_EXHAUSTED: max unavailable 1 is already used by gw-1 (soak not passed)'],
  });
  expect([cluster.serves('gw-1'), cluster.serves('gw-2'), isSoaking(cluster)]).toEqual([true, true, true]);
});

test.each([
  ['during the soak', (cluster: SmallCluster) => isSoaking(cluster)],
  [
    'when the run has written its lease',
    (cluster: SmallCluster) => LBS.every((lb) => hasMarkIn(cluster, lb, 'soakDue')),
  ],
])('an operator drains the other one %s: the run leaves its own in service', async (_when, isTime) => {
  const scene = await DoctorScene.installed();
  const { cluster } = scene;
  cluster.upgrade();
  let isDone = false;
  cluster.onOperation = () => {
    if (isSoaking(cluster)) cluster.erring.add('gw-1');
    if (isDone || !isTime(cluster)) return;
    isDone = true;
    drained(scene, 'gw-2');
  };
  const { exitCode, codes, nodes } = await cluster.run();
  expect({ exitCode, codes }).toEqual({ exitCode: 3, codes: ['SOAK_FAILED'] });
  expect(nodes['gw-1']).toMatchObject({ state: 'failed', traffic: 'in', cause: expect.stringContaining('gw-2') });
  expect([cluster.serves('gw-1'), isSoaking(cluster)]).toEqual([true, true]);
});
