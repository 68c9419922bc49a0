import { expect, test } from 'vitest';
import type { Clock } from '../../../src/core/base/clock.ts';
import { type AnyErrorCode, OrchError } from '../../../src/core/base/errors.ts';
import type { Connection } from '../../../src/core/host/connection.ts';
import { Hosts, type HostsOptions } from '../../../src/engine/plan/hosts.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

/** Time that passes only by sleeping. */
function sleepingClock(onSleep: () => void = () => {}): Clock & { readonly pauses: readonly number[] } {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
      now += ms;
      onSleep();
    },
  };
}

/** Connections of one host, numbered. The `refusals` are thrown first, one for each attempt after the first connection. */
function hostsOf(refusals: readonly OrchError[], options: HostsOptions = {}) {
  const opened: Connection[] = [];
  const closed: Connection[] = [];
  const left = [...refusals];
  let attempts = 0;
  const hosts = new Hosts(async (name) => {
    attempts++;
    const refusal = opened.length > 0 ? left.shift() : undefined;
    if (refusal !== undefined) throw refusal;
    const host = new FakeHost({ name });
    const connection: Connection = Object.assign(host, {
      close: async () => {
        closed.push(connection);
      },
    });
    opened.push(connection);
    return connection;
  }, options);
  return { hosts, opened, closed, attempts: () => attempts };
}

const refusal = (code: AnyErrorCode, retryable: boolean): OrchError => new OrchError(code, 'no', { retryable });

test('tasks that lost the same connection share a new one, and none closes it for the others', async () => {
  const { hosts, opened, closed } = hostsOf([]);
  const lost = await hosts.get('lb');
  const first = await hosts.reconnect('lb', lost);
  const others = await Promise.all([hosts.reconnect('lb', lost), hosts.reconnect('lb', lost), hosts.get('lb')]);
  expect(others).toEqual([first, first, first]);
  expect(opened.length).toBe(2);
  expect(closed).toEqual([lost]);
});

test('simultaneous requests share the reconnect', async () => {
  const { hosts, opened, closed } = hostsOf([]);
  const lost = await hosts.get('lb');
  const [a, b, c] = await Promise.all([
    hosts.reconnect('lb', lost),
    hosts.reconnect('lb', lost),
    hosts.reconnect('lb', lost),
  ]);
  expect(a).toBe(opened[1]);
  expect([b, c]).toEqual([a, a]);
  expect(closed).toEqual([lost]);
});

test.each([
  'CONNECT_REFUSED',
  'CONNECT_TIMED_OUT',
  'CONNECT_UNREACHABLE',
  'CONNECT_THROTTLED',
  'CONNECTION_LOST',
] as const)('a host that is lost with %s gets time to return', async (code) => {
  const meanwhile: Promise<Connection>[] = [];
  const clock = sleepingClock(() => meanwhile.push(hosts.get('gw')));
  const { hosts, opened } = hostsOf(
    Array.from({ length: 5 }, () => refusal(code, true)),
    { clock },
  );
  const lost = await hosts.get('gw');
  const reopened = await hosts.reconnect('gw', lost);
  expect(reopened).toBe(opened[1]);
  expect(clock.pauses.length).toBe(5);
  expect(new Set(await Promise.all(meanwhile))).toEqual(new Set([reopened]));
});

test('after the reconnect timeout, the next request tries once', async () => {
  const clock = sleepingClock();
  const { hosts, attempts } = hostsOf(
    Array.from({ length: 1000 }, () => refusal('CONNECT_REFUSED', true)),
    { clock, patienceMs: 15_000 },
  );
  await expect(hosts.reconnect('gw', await hosts.get('gw'))).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
  expect(clock.now()).toBeLessThanOrEqual(15_000);
  expect(clock.pauses.length).toBeGreaterThan(5);
  const before = attempts();
  await expect(hosts.get('gw')).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
  expect(attempts()).toBe(before + 1);
});

test.each(['CONNECT_HOST_KEY_CHANGED', 'CONNECT_AUTH_FAILED', 'CONNECT_NO_KEY'] as const)(
  '%s does not repair itself, so it is not retried',
  async (code) => {
    const clock = sleepingClock();
    const { hosts } = hostsOf([refusal(code, false)], { clock });
    await expect(hosts.reconnect('gw', await hosts.get('gw'))).rejects.toMatchObject({ code });
    expect(clock.pauses).toEqual([]);
  },
);

test('the first connection has one attempt only', async () => {
  const clock = sleepingClock();
  let attempts = 0;
  const hosts = new Hosts(
    async () => {
      attempts++;
      throw refusal('CONNECT_REFUSED', true);
    },
    { clock },
  );
  await expect(hosts.get('gw')).rejects.toMatchObject({ code: 'CONNECT_REFUSED' });
  expect(attempts).toBe(1);
});

test('no connection is opened after the end of the run, even while reads are pending', async () => {
  const { hosts, closed, attempts } = hostsOf([]);
  const lost = await hosts.get('gw');
  await hosts[Symbol.asyncDispose]();
  expect(closed).toEqual([lost]);
  await expect(hosts.reconnect('gw', lost)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await expect(hosts.get('gw')).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(attempts()).toBe(1);
});

test('a task that waits for a reconnect ends with the run', async () => {
  const { hosts, attempts } = hostsOf(Array.from({ length: 1000 }, () => refusal('CONNECT_REFUSED', true)));
  const lost = await hosts.get('gw');
  const reopening = hosts.reconnect('gw', lost).catch((error: unknown) => error);
  await hosts[Symbol.asyncDispose]();
  const begun = performance.now();
  expect(await reopening).toBeInstanceOf(Error);
  // Its timeout for a lost host is much longer.
  expect(performance.now() - begun).toBeLessThan(5000);
  expect(attempts()).toBeLessThan(5);
});

test('an interrupt ends the wait for a reconnect', async () => {
  const user = new AbortController();
  user.abort();
  const { hosts } = hostsOf([refusal('CONNECT_REFUSED', true), refusal('CONNECT_REFUSED', true)], {
    clock: sleepingClock(),
    signal: user.signal,
  });
  await expect(hosts.reconnect('gw', await hosts.get('gw'))).rejects.toBe(user.signal.reason);
});
