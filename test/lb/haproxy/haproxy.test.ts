import { describe, expect, test } from 'vitest';
import type { AnyErrorCode } from '../../../src/core/base/errors.ts';
import type { CheckTiming, Member, MemberView } from '../../../src/core/host/balancer.ts';
import { play } from '../../../src/core/play/play.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { drainMember } from '../../../src/lb/drain-member.ts';
import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { inService } from '../../../src/lb/in-service.ts';
import { leasePath } from '../../../src/lb/lease.ts';
import { noNewRequests } from '../../../src/lb/no-new-requests.ts';
import { isDrainedOrMaintenance, readMember } from '../../../src/lb/read-member.ts';
import { restoreMember } from '../../../src/lb/restore-member.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { FakeHaproxy, type FakeHaproxyOptions, type FakeServer } from '../../support/balancers/fake-haproxy.ts';
import { onePlay, runPlays, virtualClock } from '../../support/cluster/run-fake.ts';

const ROOT = { owner: 'root', group: 'root' } as const;
const SOCKET = '/run/haproxy/admin.sock';
const MEMBER: Member = { node: 'gw-1', address: '10.0.2.21', port: 9080 };
const BALANCER = haproxy({ pool: 'gateways', host: 'lb-1', socket: SOCKET });
const BY = { by: 'ops@desk', reason: 'test', at: '2026-01-01T00:00:00Z' } as const;

const server = (more: Partial<FakeServer> = {}): FakeServer => ({
  backend: 'gateways',
  name: 'gw-1',
  address: MEMBER.address,
  port: MEMBER.port,
  ...more,
});

interface Scene {
  readonly fake: FakeHaproxy;
  readonly host: FakeHost;
  pass(ms: number): void;
  order(...commands: readonly string[]): void;
  see(member?: Member): Promise<MemberView>;
  run(steps: () => Steps<unknown>): Promise<readonly string[]>;
}

function scene(servers: readonly FakeServer[], more: Partial<FakeHaproxyOptions> & { config?: string } = {}): Scene {
  const clock = virtualClock();
  const fake = new FakeHaproxy({ clock, servers, ...more });
  const host = new FakeHost({ name: 'lb-1', ...fake.host });
  host.files.makeDirectory('/etc/haproxy', { ...ROOT, mode: '0755' });
  const config = more.config ?? servers.map(({ backend }) => `backend ${backend}\n  balance roundrobin`).join('\n');
  if (config !== '') host.files.write('/etc/haproxy/haproxy.cfg', Buffer.from(config), { ...ROOT, mode: '0644' });
  return {
    fake,
    host,
    pass: (ms) => void clock.sleep(ms),
    order: (...commands) => {
      for (const command of commands) expect(fake.command(command)).toBe('');
    },
    see: (member = MEMBER) => readMember(BALANCER, host, member),
    run: async (steps) => (await runPlays([host], onePlay(steps), { clock })).codes,
  };
}

const DRAIN = function* (how: 'drained' | 'closed' = 'drained'): Steps {
  yield drainMember({ balancer: BALANCER, member: MEMBER, ...BY, how });
};
const RESTORE = function* (): Steps {
  yield restoreMember({ balancer: BALANCER, member: MEMBER });
};

describe('the state of a server', () => {
  test.each([
    ['in service', server(), [], 'up', [], { admin: 'ready', weight: '1' }],
    ['drained externally', server(), ['state drain'], 'drained', ['gateways/gw-1'], { admin: 'drain', weight: '1' }],
    ['in maintenance', server(), ['state maint'], 'maintenance', ['gateways/gw-1'], { admin: 'maint', weight: '1' }],
    ['at weight 0', server(), ['weight 0'], 'drained', ['gateways/gw-1'], { admin: 'ready', weight: '0' }],
    [
      '"disabled" in its configuration',
      server({ disabled: true }),
      [],
      'maintenance',
      ['gateways/gw-1'],
      { admin: 'maint', weight: '1' },
    ],
    [
      '"disabled" and set ready since',
      server({ disabled: true }),
      ['state ready'],
      'up',
      [],
      { admin: 'ready', weight: '1' },
    ],
    [
      'in slow start',
      server({ slowstartMs: 9000 }),
      ['state maint', 'state ready'],
      'starting',
      [],
      { admin: 'ready', weight: '1' },
    ],
  ] as const)('%s', async (_what, line, orders, state, held, setting) => {
    const at = scene([line]);
    at.order(...orders.map((order) => `set server gateways/gw-1 ${order}`));
    expect(await at.see()).toMatchObject({ servers: [{ name: 'gateways/gw-1', state, setting }], held, lease: null });
  });

  test('a node that failed its checks is down, and held by no operator', async () => {
    const at = scene([server()]);
    at.fake.lives(MEMBER.address, false);
    at.pass(3000);
    expect(await at.see()).toMatchObject({ servers: [{ state: 'down', check: 'failed' }], held: [] });
  });

  test.each([
    ['an address in other letters', { address: '2001:DB8:0::21' }, { address: '2001:db8::21' }],
    ['a name in other letters', { address: 'GW-1.example' }, { address: 'gw-1.example' }],
  ])('%s is the same member', async (_what, line, member) => {
    const at = scene([server(line)]);
    expect((await at.see({ ...MEMBER, ...member })).servers).toHaveLength(1);
  });

  test.each([
    ['another port', { port: 9443 }],
    ['another address', { address: '10.0.2.22' }],
  ])('%s is no member', async (_what, line) => {
    await expect(scene([server(line)]).see()).rejects.toMatchObject({ code: 'LB_MEMBER_UNKNOWN' });
  });

  test.each([
    ['a server that has no checks', server({ unchecked: true }), 'none'],
    ['a server that follows one with checks', server({ track: 'checks/gw-1' }), 'passed'],
  ])('the check of %s', async (_what, line, check) => {
    const at = scene([line, server({ backend: 'checks', port: 7085 })]);
    expect((await at.see()).servers).toMatchObject([{ check }]);
  });

  test.each<[string, AnyErrorCode, object]>([
    ['a HAProxy that does not answer', 'HAPROXY_UNREACHABLE', { code: 'LB_UNREACHABLE', retryable: true }],
    ['a socket that only shows', 'HAPROXY_DENIED', { code: 'HAPROXY_DENIED' }],
  ])('%s', async (_what, code, wanted) => {
    const { OrchError } = await import('../../../src/core/base/errors.ts');
    const host = new FakeHost({
      name: 'lb-1',
      haproxy: () => {
        throw new OrchError(code, 'no');
      },
    });
    await expect(BALANCER.view(host, MEMBER)).rejects.toMatchObject(wanted);
  });
});

describe('stickiness of clients to a drained server', () => {
  test.each([
    ['nothing', server(), {}, false],
    ['a cookie', server({ cookie: 'one' }), {}, true],
    ['a table of servers', server(), { tables: { gateways: true } }, true],
    ['a table that only counts', server(), { tables: { gateways: false } }, false],
    ['a rule in the file', server(), { config: 'backend gateways\n use-server gw-1 if TRUE\n' }, true],
    ['an unreadable file: it might', server(), { config: '' }, true],
    ['a file of another HAProxy: it might', server(), { config: 'backend others\n' }, true],
  ])('%s', async (_what, line, more, sticky) => {
    const at = scene([line], more);
    at.order('set server gateways/gw-1 state drain');
    expect((await at.see()).servers).toMatchObject([{ state: 'drained', sticky }]);
  });

  test('tables are read once for each process', async () => {
    const at = scene([server()], { tables: { gateways: false } });
    for (let i = 0; i < 3; i++) await at.see();
    const asked = (): number => at.fake.asked.filter((what) => what.startsWith('show table gateways')).length;
    expect(asked()).toBe(1);
    at.fake.reload();
    await at.see();
    expect(asked()).toBe(2);
  });
});

describe('drain and restore', () => {
  test('external maintenance does not become a drain, in any backend', async () => {
    const at = scene([server(), server({ backend: 'tcp' })]);
    at.order('set server gateways/gw-1 state maint');
    expect(await at.run(() => DRAIN())).toEqual([]);
    expect(await at.see()).toMatchObject({
      servers: [{ state: 'maintenance' }, { state: 'drained' }],
      held: ['gateways/gw-1'],
    });
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect((await at.see()).servers).toMatchObject([{ state: 'maintenance' }, { state: 'up' }]);
  });

  test('external maintenance after a drain of api7-orch stays, and is held', async () => {
    const at = scene([server(), server({ backend: 'tcp' })]);
    expect(await at.run(() => DRAIN())).toEqual([]);
    at.order('set server gateways/gw-1 state maint');
    expect(await at.see()).toMatchObject({ held: ['gateways/gw-1'], lease: { held: [] } });
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect(await at.see()).toMatchObject({
      servers: [{ state: 'maintenance' }, { state: 'up' }],
      held: ['gateways/gw-1'],
      lease: null,
    });
  });

  test.each([
    ['', []],
    ['that an earlier version has in a lease', undefined],
  ])('maintenance by api7-orch is restored %s', async (_what, closed) => {
    const at = scene([server({ cookie: 'one' }), server({ backend: 'tcp' })]);
    if (closed === undefined) {
      const settings = { admin: 'ready', weight: '1' };
      const before = { 'gateways/gw-1': settings, 'tcp/gw-1': settings };
      const lease = { node: 'gw-1', before, by: 'a@b', at: 'then', reason: 'r', held: [] };
      at.host.files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
      at.host.files.write(leasePath('gateways', 'gw-1'), Buffer.from(JSON.stringify(lease)), { ...ROOT, mode: '0600' });
    }
    expect(await at.run(() => DRAIN())).toEqual([]);
    expect(await at.run(() => DRAIN('closed'))).toEqual([]);
    expect(await at.see()).toMatchObject({
      servers: [{ state: 'maintenance' }, { state: 'maintenance' }],
      held: [],
    });
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect((await at.see()).servers).toMatchObject([{ state: 'up' }, { state: 'up' }]);
  });

  test('no run restores an operator’s drain; an operator’s drain takes over that of a run', async () => {
    const at = scene([server()]);
    const byHand = drainMember({
      balancer: BALANCER,
      member: MEMBER,
      by: 'ann@desk',
      reason: 'disks',
      how: 'drained',
      kind: 'hand',
    });
    expect(await at.run(() => DRAIN())).toEqual([]);
    expect((await at.see()).lease).toMatchObject({ kind: 'run' });
    expect(
      await at.run(function* () {
        yield byHand;
      }),
    ).toEqual([]);
    expect((await at.see()).lease).toMatchObject({
      kind: 'hand',
      by: 'ann@desk',
      reason: 'disks',
      before: { 'gateways/gw-1': { admin: 'ready' } },
    });
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect((await at.see()).servers).toMatchObject([{ state: 'drained' }]);
    expect(
      await at.run(function* () {
        yield restoreMember({ balancer: BALANCER, member: MEMBER, byHand: true });
      }),
    ).toEqual([]);
    expect(await at.see()).toMatchObject({ servers: [{ state: 'up' }], lease: null });
  });

  test('an agent’s "ready" does not end the drain, and the agent is restored too', async () => {
    const at = scene([server({ agent: true })]);
    at.fake.agents('gateways/gw-1', 'ready');
    at.order('set server gateways/gw-1 state drain');
    at.pass(2000);
    expect((await at.see()).servers).toMatchObject([{ state: 'up', setting: { agent: 'on' } }]);
    expect(await at.run(() => DRAIN())).toEqual([]);
    at.pass(2000);
    expect((await at.see()).servers).toMatchObject([{ state: 'drained', setting: { agent: 'off' } }]);
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect((await at.see()).servers).toMatchObject([{ state: 'up', setting: { agent: 'on' } }]);
  });

  test('an order of an agent looks like one of an operator: it is held', async () => {
    const at = scene([server({ agent: true })]);
    at.fake.agents('gateways/gw-1', 'maint');
    at.pass(2000);
    expect(await at.see()).toMatchObject({ held: ['gateways/gw-1'] });
  });

  test('a weight that was changed meanwhile is restored, before the server accepts requests', async () => {
    const at = scene([server({ weight: 100 })]);
    expect(await at.run(() => DRAIN())).toEqual([]);
    at.order('set server gateways/gw-1 weight 7');
    expect(await at.run(() => RESTORE())).toEqual([]);
    expect(at.fake.asked.filter((command) => command.startsWith('set')).slice(-2)).toEqual([
      'set server gateways/gw-1 weight 100',
      'set server gateways/gw-1 state ready',
    ]);
  });

  test('a backend that is newer than the lease is drained too, and added to the lease', async () => {
    const at = scene([server(), server({ backend: 'late', weight: 9 })]);
    const before = { 'gateways/gw-1': { admin: 'ready', weight: '1' } };
    const lease = { node: 'gw-1', before, by: 'a@b', at: 'then', reason: 'r', held: [] };
    at.host.files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
    at.host.files.write(leasePath('gateways', 'gw-1'), Buffer.from(JSON.stringify(lease)), { ...ROOT, mode: '0600' });
    expect(await at.run(() => DRAIN())).toEqual([]);
    const view = await at.see();
    expect(view.servers.every(isDrainedOrMaintenance)).toBe(true);
    expect(view.lease).toMatchObject({ by: 'a@b', before: { 'late/gw-1': { admin: 'ready', weight: '9' } } });
  });

  test.each([
    ['of another node', JSON.stringify({ node: 'gw-9', before: {}, by: 'x', at: 'y', reason: 'z', held: [] })],
    ['cut short', '{"node":"gw-1","bef'],
  ])('a lease %s stops everything', async (_what, content) => {
    const at = scene([server()]);
    at.host.files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
    at.host.files.write(leasePath('gateways', 'gw-1'), Buffer.from(content), { ...ROOT, mode: '0600' });
    expect(await at.run(() => DRAIN())).toEqual(['LEASE_INVALID']);
    expect(await at.run(() => RESTORE())).toEqual(['LEASE_INVALID']);
    expect(at.fake.asked.some((command) => command.startsWith('set'))).toBe(false);
  });

  test('a lease with words that HAProxy does not have is not applied', async () => {
    const at = scene([server()]);
    const before = { 'gateways/gw-1': { admin: 'ready; set server x/y state maint' } };
    const lease = { node: 'gw-1', before, by: 'a@b', at: 'then', reason: 'r', held: [] };
    at.host.files.makeDirectory('/var/lib/api7-orch/leases', { ...ROOT, mode: '0700' });
    at.host.files.write(leasePath('gateways', 'gw-1'), Buffer.from(JSON.stringify(lease)), { ...ROOT, mode: '0600' });
    expect(await at.run(() => RESTORE())).toEqual(['LEASE_INVALID']);
  });

  test('an objection of HAProxy is reported', async () => {
    const at = scene([server()]);
    const host = new FakeHost({ name: 'lb-1', ...at.fake.host, haproxyCommand: () => 'Require the operator level.\n' });
    await expect(BALANCER.set(host, MEMBER, 'drained')).rejects.toMatchObject({
      code: 'LB_REFUSED',
      message: expect.stringContaining('Require the operator level.'),
    });
  });
});

describe('a server that follows another one', () => {
  const tls: Member = { ...MEMBER, port: 9443 };
  const second = haproxy({ pool: 'gateways_tls', host: 'lb-1', socket: SOCKET });
  const both = (): Scene => scene([server(), server({ backend: 'tls', port: 9443, track: 'gateways/gw-1' })]);

  test('is not held after a drain of the other one for another pool, and is restored as it was', async () => {
    const at = both();
    expect(await at.run(() => DRAIN())).toEqual([]);
    const view = await readMember(second, at.host, tls);
    expect(view).toMatchObject({ servers: [{ state: 'drained', inherits: 'gateways/gw-1' }], held: [], lease: null });
    const codes = [
      ...(await at.run(function* () {
        yield drainMember({ balancer: second, member: tls, ...BY, how: 'closed' });
      })),
      ...(await at.run(function* () {
        yield restoreMember({ balancer: second, member: tls });
        yield* RESTORE();
      })),
    ];
    expect(codes).toEqual([]);
    expect((await readMember(second, at.host, tls)).servers).toMatchObject([{ state: 'up' }]);
  });

  test('is held after an external drain of the other one', async () => {
    const at = both();
    at.order('set server gateways/gw-1 state maint');
    expect((await readMember(second, at.host, tls)).held).toEqual(['tls/gw-1']);
  });

  test('of the same member is not held for itself', async () => {
    const at = scene([server(), server({ backend: 'tcp', track: 'gateways/gw-1' })]);
    at.order('set server gateways/gw-1 state maint');
    expect((await at.see()).held).toEqual(['gateways/gw-1']);
  });
});

describe('in service', () => {
  const timing = { everyMs: 1000, fall: 3, rise: 2, slowstartMs: 0, source: 'read', from: 'a file' } as const;
  const gate = (within: string, known: { readonly timing?: CheckTiming } = { timing }): (() => Steps) =>
    function* () {
      yield inService({ balancer: BALANCER, member: MEMBER, within, ...known });
    };

  test('a server that is up by an old check is not trusted, and is noticed', async () => {
    const at = scene([server()]);
    at.pass(60_000);
    at.order('set server gateways/gw-1 state maint');
    at.fake.lives(MEMBER.address, false);
    at.order('set server gateways/gw-1 state ready');
    expect((await at.see()).servers).toMatchObject([{ state: 'up', check: 'passed' }]);
    expect(await at.run(gate('10s', {}))).toEqual([]);
    expect(await at.run(gate('0ms'))).toEqual(['LB_MEMBER_NOT_UP']);
    expect((await at.see()).servers).toMatchObject([{ state: 'down' }]);
  });

  test('a server that keeps passing its checks is trusted when "rise" of them must have begun since', async () => {
    const at = scene([server()]);
    at.pass(60_000);
    at.order('set server gateways/gw-1 state drain', 'set server gateways/gw-1 state ready');
    expect(await at.run(gate('1s'))).toEqual([]);
    const [shown] = (await at.see()).servers;
    expect(shown?.sinceMs).toBeGreaterThanOrEqual(3000);
  });

  test('a server whose last check failed is not in service, though it still is up', async () => {
    const at = scene([server()]);
    at.pass(60_000);
    at.fake.lives(MEMBER.address, false);
    at.pass(1000);
    expect((await at.see()).servers).toMatchObject([{ state: 'up', check: 'failed' }]);
    expect(await at.run(gate('0ms'))).toEqual(['LB_MEMBER_NOT_UP']);
  });

  test('slow start must be over', async () => {
    const at = scene([server({ slowstartMs: 8000 })]);
    at.order('set server gateways/gw-1 state maint', 'set server gateways/gw-1 state ready');
    expect(await at.run(gate('5s', {}))).toEqual(['LB_MEMBER_NOT_UP']);
    expect(await at.run(gate('10s', {}))).toEqual([]);
  });
});

test('no new requests for so long: the remaining sessions of the node are reported', async () => {
  const at = scene([server({ cookie: 'one' })]);
  at.fake.request('gateways')?.end();
  const gate = (within: string) =>
    at.run(function* () {
      yield noNewRequests({ balancer: BALANCER, member: MEMBER, since: '5s', within });
    });
  expect(await gate('2s')).toEqual(['DRAIN_TIMEOUT']);
  expect(await gate('10s')).toEqual([]);
});

test('HAProxy is read once for all members that are read together', async () => {
  const nodes = ['10.0.2.21', '10.0.2.22', '10.0.2.23'];
  const at = scene(nodes.flatMap((address) => [9080, 9443].map((port) => server({ address, port, name: address }))));
  const hosts = nodes.map((name) => new FakeHost({ name }));
  const run = await runPlays([...hosts, at.host], function* () {
    yield* play({
      name: 'gateways',
      hosts: nodes.join(','),
      *tasks({ name }) {
        for (const port of [9080, 9443])
          yield inService({ balancer: BALANCER, member: { node: name, address: name, port } });
      },
    });
  });
  expect(run.report.hosts).toMatchObject(Object.fromEntries(nodes.map((name) => [name, { ok: 2 }])));
  expect([...at.fake.asked].sort()).toEqual(['show info', 'show servers state', 'show stat', 'show table']);
  expect(at.host.trips).toBe(1);
});
