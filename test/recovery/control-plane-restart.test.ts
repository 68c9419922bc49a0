import { expect, test } from 'vitest';
import { CONTAINERS } from '../../src/api7/paths.ts';
import { installed } from './installed.ts';
import type { SmallCluster } from './small-cluster.ts';

const SERVICES = [CONTAINERS.dashboard, CONTAINERS.dpManager];

/** Process ids of the control plane, host by host. */
const pids = (cluster: SmallCluster) =>
  Object.fromEntries(
    ['cp-1', 'cp-2'].map((host) => [host, SERVICES.map((service) => cluster.engine(host).pidOf(service))]),
  );

/** After every start so far, before any that follows: the fake engines count a second for each. */
async function sinceNow(cluster: SmallCluster): Promise<string> {
  const hosts = ['cp-1', 'cp-2'].flatMap((host) => SERVICES.map((service) => cluster.engine(host).container(service)));
  const starts = (await Promise.all(hosts)).map((found) => Date.parse(found?.State.StartedAt ?? ''));
  return new Date(Math.max(...starts) + 500).toISOString();
}

test('each service of each host is restarted, one host after another, and no gateway is changed', async () => {
  const cluster = await installed();
  const before = pids(cluster);
  const gateways = ['gw-1', 'gw-2'].map((name) => cluster.engine(name).pidOf(CONTAINERS.gateway));
  const stops: string[] = [];
  cluster.onOperation = (host, operation) => void (operation === 'stop' && stops.push(host));
  const ran = await cluster.run('control-plane-restart', { since: await sinceNow(cluster) });
  expect({ ...ran, nodes: Object.keys(ran.nodes) }).toMatchObject({
    exitCode: 0,
    codes: [],
    asked: [],
    outages: [],
    nodes: ['cp-1', 'cp-2'],
  });
  expect(stops).toEqual(['cp-1', 'cp-1', 'cp-2', 'cp-2']);
  const after = pids(cluster);
  for (const [host, old] of Object.entries(before))
    for (const [i, pid] of old.entries()) expect(after[host]?.[i]).not.toBe(pid);
  expect(['gw-1', 'gw-2'].map((name) => cluster.engine(name).pidOf(CONTAINERS.gateway))).toEqual(gateways);
  expect(cluster.leftovers()).toEqual([]);
});

test('gateways that do not reconnect stop it at the first host; the same command then finishes it', async () => {
  const cluster = await installed();
  const before = pids(cluster);
  const since = await sinceNow(cluster);
  for (const name of ['gw-1', 'gw-2']) cluster.cutOff.add(name);
  const broken = await cluster.run('control-plane-restart', { since });
  expect(broken.codes).toEqual(['NOT_RECONNECTED']);
  expect(pids(cluster)['cp-2']).toEqual(before['cp-2']);
  const first = pids(cluster)['cp-1'];
  expect(first).not.toEqual(before['cp-1']);
  cluster.repair();
  await cluster.settle();
  expect((await cluster.run('control-plane-restart', { since })).codes).toEqual([]);
  expect(pids(cluster)['cp-1']).toEqual(first);
  expect(pids(cluster)['cp-2']).not.toEqual(before['cp-2']);
  expect(cluster.leftovers()).toEqual([]);
});
