import { expect, test } from 'vitest';
import type { Clock } from '../../src/core/base/clock.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import type { Connection } from '../../src/core/host/connection.ts';
import { Hosts } from '../../src/engine/plan/hosts.ts';
import { FakeHost } from '../../src/testing/fake-host.ts';

const gone = () => new OrchError('CONNECT_TIMED_OUT', 'no', { retryable: true });

/** Hosts whose network can be cut. A sleep lets all other work run first, so that replies arrive in time. */
function fleet(names: readonly string[], backAtMs: number) {
  let now = 0;
  const cut = new Set<string>();
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      now += ms;
      if (now >= backAtMs) cut.clear();
    },
  };
  const hosts = new Hosts(
    async (name) => {
      if (cut.has(name)) throw gone();
      const host = new FakeHost({ name });
      const stat = host.stat.bind(host);
      host.stat = (path) => (cut.has(name) ? new Promise(() => {}) : stat(path));
      return host;
    },
    { clock },
  );
  const heard: boolean[] = [];
  hosts.onNetwork((up) => heard.push(up));
  const open = async (): Promise<ReadonlyMap<string, Connection>> =>
    new Map(await Promise.all(names.map(async (name) => [name, await hosts.get(name)] as const)));
  return { hosts, cut, heard, open, now: () => now };
}

test('waits for the network while all hosts are unreachable, and reports it once', async () => {
  const { hosts, cut, heard, open, now } = fleet(['gw-1', 'gw-2', 'lb-1'], 60_000);
  const connections = await open();
  for (const name of connections.keys()) cut.add(name);
  await Promise.all([...connections].map(([name, lost]) => hosts.reconnect(name, lost)));
  expect(now()).toBeGreaterThanOrEqual(60_000);
  expect(heard).toEqual([false, true]);
});

test('gives up a host after its own timeout while another host responds', async () => {
  const { hosts, cut, heard, open, now } = fleet(['gw-1', 'gw-2'], Number.POSITIVE_INFINITY);
  const connections = await open();
  cut.add('gw-1');
  await expect(hosts.reconnect('gw-1', connections.get('gw-1'))).rejects.toMatchObject({ code: 'CONNECT_TIMED_OUT' });
  expect(now()).toBeLessThan(30_000);
  expect(heard).toEqual([]);
});

test('stops waiting for the network after a limit', async () => {
  const { hosts, cut, heard, open, now } = fleet(['gw-1', 'gw-2'], Number.POSITIVE_INFINITY);
  const connections = await open();
  for (const name of connections.keys()) cut.add(name);
  const ends = await Promise.allSettled([...connections].map(([name, lost]) => hosts.reconnect(name, lost)));
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(now()).toBeGreaterThan(9 * 60_000);
  expect(heard).toEqual([false, true]);
});

test('a host that returns shortly after the network gets its full timeout', async () => {
  const { hosts, cut, open, now } = fleet(['gw-1', 'lb-1'], Number.POSITIVE_INFINITY);
  const connections = await open();
  for (const name of connections.keys()) cut.add(name);
  const [gateway, balancer] = [...connections].map(([name, lost]) => hosts.reconnect(name, lost));
  const outcome = gateway?.then(
    () => 'back',
    () => 'given up',
  );
  while (now() < 60_000) await new Promise((resolve) => setImmediate(resolve));
  cut.delete('lb-1');
  await balancer;
  for (const since = now(); now() < since + 8000; ) await new Promise((resolve) => setImmediate(resolve));
  cut.delete('gw-1');
  expect(await outcome).toBe('back');
});
