import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/core/host/connection.ts';
import { withDocker } from '../../../src/docker/client.ts';
import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { type HaproxyServer, parseServersState } from '../../../src/lb/haproxy/state.ts';
import { isDrainedOrMaintenance, readMember } from '../../../src/lb/read-member.ts';
import { FakeHaproxy } from '../../support/balancers/fake-haproxy.ts';
import { startHaproxy, startNodes, type TestHaproxy, type TestNode } from '../../support/balancers/haproxy.ts';
import { freePort } from '../../support/base/free-port.ts';
import { installed } from '../../support/base/installed.ts';
import { startSshd } from '../../support/ssh/sshd.ts';

const NAMES = ['plain', 'off', 'heavy', 'follows'] as const;
const MEMBER = { node: 'gw-1', address: '127.0.0.15' } as const;
const WITH_AGENT = { node: 'gw-2', address: '127.0.0.16' } as const;

const config = (port: number, agentPort: number): string => `
global
  stats socket %s mode 600 level admin expose-fd listeners
  stats socket %s.looks mode 600 level user
  hard-stop-after 5s
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  default-server inter 1h fall 3 rise 2
frontend counts
  bind 127.0.0.1:${agentPort}
  stick-table type ip size 1k store http_req_rate(10s)
  default_backend b
backend b
  server plain 127.0.0.11:${port} check
  server off 127.0.0.12:${port} check disabled
  server heavy 127.0.0.13:${port} check weight 100
  server follows 127.0.0.14:${port} track b/plain
backend table
  stick-table type ip size 1k
  stick on src
  server gw-1 127.0.0.15:${port} check
backend agent
  server gw-2 127.0.0.16:${port} check agent-check agent-port ${agentPort} agent-inter 1h
`;

let lb: TestHaproxy;
let port: number;
let nodes: readonly TestNode[] = [];
beforeAll(async () => {
  ({ port, nodes } = await startNodes(['a', 'b', 'c', 'd', 'e', 'f']));
  lb = await startHaproxy(config(port, await freePort()));
});
afterAll(async () => {
  await lb?.[Symbol.asyncDispose]();
  await Promise.all(nodes.map((node) => node.stop()));
});

/** Each order follows each. */
const ORDERS = 'ready drain maint ready maint drain ready drain drain maint maint ready ready'.split(' ');

describe('the fake HAProxy has the state of the real one after every order', () => {
  const seen = (servers: readonly HaproxyServer[]) =>
    Object.fromEntries(
      servers
        .filter(({ backend }) => backend === 'b')
        .map(({ server, operational, admin, weight }) => [server, { operational, admin, weight }]),
    );

  test.each(NAMES)('%s', async (name) => {
    await lb.reload();
    const fake = new FakeHaproxy({
      clock: { now: () => 0 },
      servers: NAMES.map((line, index) => ({
        backend: 'b',
        name: line,
        address: `127.0.0.1${index + 1}`,
        port,
        disabled: line === 'off',
        ...(line === 'heavy' ? { weight: 100 } : {}),
        ...(line === 'follows' ? { track: 'b/plain' } : {}),
      })),
    });
    for (const order of ORDERS) {
      const command = `set server b/${name} state ${order}`;
      await lb.host.haproxyCommand(lb.socket, command);
      expect(fake.command(command)).toBe('');
      const real = seen(parseServersState(await lb.host.haproxyShow(lb.socket, 'servers state')));
      expect(seen(parseServersState(fake.show('servers state')))).toEqual(real);
    }
  });
});

test('questions of one tick share one reply, each with its own part', async () => {
  const [state, stat, info, tables, again, one, other] = await Promise.all([
    lb.host.haproxyShow(lb.socket, 'servers state'),
    lb.host.haproxyShow(lb.socket, 'stat'),
    lb.host.haproxyShow(lb.socket, 'info'),
    lb.host.haproxyShow(lb.socket, 'table'),
    lb.host.haproxyShow(lb.socket, 'info'),
    lb.host.haproxyShow(lb.socket, 'table table data.server_id lt 0'),
    lb.host.haproxyShow(lb.socket, 'table counts data.server_id lt 0'),
  ]);
  expect(state).toMatch(/^1\n# be_id /);
  expect(stat).toMatch(/^# pxname,/);
  expect(info).toMatch(/^Name: HAProxy\n/);
  expect(again).toBe(info);
  expect(tables).toMatch(/^# table: /);
  expect(one).toMatch(/^# table: table/);
  expect(other).toContain('not stored in this table');
});

test('tables without entries, and no table at all, are distinguished from no reply', async () => {
  const bare = await startHaproxy(
    `global\n stats socket %s level admin\ndefaults\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nbackend b\n server a 127.0.0.15:80\n`,
  );
  await using _ = bare;
  const [info, tables, stat] = await Promise.all(
    (['info', 'table', 'stat'] as const).map((what) => bare.host.haproxyShow(bare.socket, what)),
  );
  expect(tables).toBe('');
  expect(info).toMatch(/^Name: HAProxy\n/);
  expect(stat).toMatch(/^# pxname,/);
});

describe('one command', () => {
  test.each([
    ['set server b/nobody state drain', /No such server/],
    ['set server nowhere/gw-1 state drain', /No such backend/],
    ['set server b/plain state sideways', /expects/],
    ['set server b/plain weight 300', /between 0 and 256/],
  ])('%s is refused with HAProxy’s message', async (command, words) => {
    await expect(lb.host.haproxyCommand(lb.socket, command)).rejects.toMatchObject({
      code: 'LB_REFUSED',
      message: expect.stringMatching(words),
      host: 'lb-1',
    });
  });

  test.each([
    'set server b/plain state drain; set server b/heavy state maint',
    'set server b/plain state drain\nset server b/heavy state maint',
    'set server b/plain state <<',
    '',
  ])('%j is not one', async (command) => {
    await expect(lb.host.haproxyCommand(lb.socket, command)).rejects.toMatchObject({ code: 'HAPROXY_COMMAND' });
    await expect(lb.host.haproxyShow(lb.socket, `table ${command};x`)).rejects.toMatchObject({
      code: 'HAPROXY_COMMAND',
    });
  });

  test('a read-only socket is reported', async () => {
    const command = 'set server b/plain state drain';
    await expect(lb.host.haproxyCommand(`${lb.socket}.looks`, command)).rejects.toMatchObject({
      code: 'HAPROXY_DENIED',
    });
  });
});

describe('clients that stick', () => {
  const driver = () => haproxy({ pool: 'wire', host: 'lb-1', socket: lb.socket, config: lb.config });
  test.each([
    ['its own table of servers', MEMBER],
    ['a table of servers in the same process, for who uses it is not shown', WITH_AGENT],
  ])('%s', async (_what, member) => {
    const { servers } = await driver().view(lb.host, { ...member, port });
    expect(servers).toMatchObject([{ sticky: true }]);
  });
});

test('a server with an agent: the agent must not undo a drain, and is restored', async () => {
  const member = { ...WITH_AGENT, port };
  const balancer = haproxy({ pool: 'wire', host: 'lb-1', socket: lb.socket, config: lb.config });
  const before = await balancer.view(lb.host, member);
  expect(before.servers).toMatchObject([{ setting: { admin: 'ready', agent: 'on' } }]);
  await balancer.set(lb.host, member, 'drained');
  expect((await balancer.view(lb.host, member)).servers).toMatchObject([{ setting: { admin: 'drain', agent: 'off' } }]);
  await balancer.set(lb.host, member, Object.fromEntries(before.servers.map(({ name, setting }) => [name, setting])));
  expect((await balancer.view(lb.host, member)).servers).toMatchObject([{ setting: { admin: 'ready', agent: 'on' } }]);
});

test('a HAProxy that is down is unreachable, and is retried', async () => {
  const balancer = haproxy({ pool: 'wire', host: 'lb-1', socket: '/run/no-such-haproxy.sock' });
  await expect(balancer.view(lb.host, { ...MEMBER, port })).rejects.toMatchObject({
    code: 'LB_UNREACHABLE',
    retryable: true,
  });
});

describe('as a user without access to the socket', () => {
  test.each([
    ['over a forwarded socket, else by sudo', []],
    ['where sshd forwards nothing', ['AllowTcpForwarding no', 'AllowStreamLocalForwarding no']],
  ])('%s', async (_way, lines) => {
    await lb.reload();
    installed('/usr/bin/socat', 'socat');
    await using sshd = await startSshd({ config: lines });
    const host: Connection = withDocker(await sshd.connect({ name: 'lb-1' }));
    try {
      const balancer = haproxy({ pool: 'wire', host: 'lb-1', socket: lb.socket, config: lb.config });
      const member = { ...MEMBER, port };
      await balancer.set(host, member, 'drained');
      const view = await readMember(balancer, host, member);
      expect(view.servers.every(isDrainedOrMaintenance)).toBe(true);
      expect(view.held).toEqual(['table/gw-1']);
    } finally {
      await host.close();
    }
  });
});
