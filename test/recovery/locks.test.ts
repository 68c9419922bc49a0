import { describe, expect, test } from 'vitest';
import { CONTAINERS } from '../../src/api7/paths.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import type { LockOwner } from '../../src/core/host/lock.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { WRITES } from '../faults/engine/wire.ts';
import { everyNth, momentsOf } from '../lab/scenes/day-seed.ts';
import { due } from './installed.ts';
import type { SmallCluster } from './small-cluster.ts';

const OTHER: LockOwner = { token: 'other', run: 'run-other', by: 'ops@ci', verb: 'run install' };

/** Files, containers, and orders at the balancers. */
const everything = (cluster: SmallCluster) => ({
  files: [...cluster.hosts.values()].map(({ files }) => files.snapshot()),
  containers: [...cluster.hosts.values()].flatMap((host) =>
    host instanceof DockerHost
      ? Object.values(CONTAINERS).map((name) => [host.name, host.engine.pidOf(name), host.engine.bodyOf(name)?.Image])
      : [],
  ),
  orders: [...cluster.balancers.values()].map(({ rows }) =>
    rows.map(({ backend, name, admin, weight }) => [backend, name, admin, weight]),
  ),
});

test('a run leaves no lock, and each of its writes was under the lock of its host', async () => {
  const cluster = await due();
  const unlocked: string[] = [];
  cluster.onOperation = (name, operation) => {
    if (WRITES.has(operation) && cluster.host(name).locks.record === null) unlocked.push(`${operation} on ${name}`);
  };
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
  await cluster.settle();
  expect(unlocked).toEqual([]);
  expect(cluster.leftovers()).toEqual([]);
});

test('a host that another run holds: exit 5, and no change', async () => {
  const cluster = await due();
  const { lock } = cluster.host('lb-2');
  await lock.take(OTHER, null);
  const beat = (): void => {
    void lock.beat(OTHER.token, cluster.time.now());
    cluster.time.after(10_000, beat);
  };
  beat();
  const before = everything(cluster);
  const ran = await cluster.run();
  expect(ran).toMatchObject({ exitCode: 5, codes: ['HOST_LOCKED'], asked: [], outages: [] });
  expect(everything(cluster)).toEqual(before);
  await lock.release(OTHER.token);
  expect(await cluster.run()).toMatchObject({ exitCode: 0 });
});

/** So many consecutive writes of a run, on any of several hosts first. */
const WRITES_OF_A_RUN = 90;

describe('another run has taken the locks over while this one was stopped', () => {
  test.each(everyNth(6, momentsOf(WRITES_OF_A_RUN)))('before write %i: exit 5, and no write after that', async (at) => {
    const cluster = await due();
    let writes = 0;
    let struck = false;
    let taken: ReturnType<typeof everything> | undefined;
    // Its pending operations do not arrive: the takeover has ended its connections.
    const cut = new Set<string>();
    const lose = (name: string): void => {
      if (cut.has(name)) return;
      cut.add(name);
      throw new OrchError('CONNECTION_LOST', 'the SSH connection is closed', { host: name, retryable: true });
    };
    cluster.onOperation = (name, operation) => {
      if (struck) lose(name);
      if (!WRITES.has(operation) || writes++ !== at) return;
      for (const { locks } of cluster.hosts.values())
        if (locks.record !== null) {
          locks.record = { ...locks.record, ...OTHER };
          locks.epoch++;
        }
      struck = true;
      // Operations for another host at this very moment have arrived.
      setImmediate(() => {
        taken = everything(cluster);
      });
      lose(name);
    };
    const ran = await cluster.run();
    // A run that is fenced by two hosts at once ends before that moment is over.
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken, 'the run has fewer writes').toBeDefined();
    expect(ran.codes).toContain('FENCED');
    expect(ran.exitCode).toBe(5);
    expect(everything(cluster)).toEqual(taken);
  });
});
