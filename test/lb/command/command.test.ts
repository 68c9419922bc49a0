import { describe, expect, test } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import type { Member } from '../../../src/core/host/balancer.ts';
import type { RunOptions, RunResult } from '../../../src/core/host/connection.ts';
import { type BalancerHooks, commandDriver } from '../../../src/lb/command/command.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';

const gw1: Member = { node: 'gw-1', address: '10.0.2.21', port: 9080 };
const HOOKS: BalancerHooks = { status: ['/opt/lb/status'], drain: ['/opt/lb/out', '-q'], restore: ['/opt/lb/in'] };
const ALL: BalancerHooks = { ...HOOKS, close: ['/opt/lb/close'], counters: ['/opt/lb/count'] };
const UP = { name: 'pool/gw-1', state: 'up', sessions: 3 };

function lb(answer: Partial<RunResult> | ((argv: readonly string[]) => Partial<RunResult>), hooks = ALL) {
  const calls: { readonly argv: readonly string[]; readonly options: RunOptions }[] = [];
  const host = new FakeHost({
    name: 'lb-1',
    command(command, _host, options) {
      const argv = 'argv' in command ? command.argv : [];
      calls.push({ argv, options });
      return typeof answer === 'function' ? answer(argv) : answer;
    },
  });
  return { host, calls, balancer: commandDriver({ pool: 'gateways', host: 'lb-1', hooks }) };
}

const printed = (value: unknown): Partial<RunResult> => ({ stdout: `${JSON.stringify(value)}\n` });
const ENV = {
  API7_ORCH_POOL: 'gateways',
  API7_ORCH_NODE: 'gw-1',
  API7_ORCH_ADDRESS: '10.0.2.21',
  API7_ORCH_PORT: '9080',
};

describe('status', () => {
  test('omitted fields have their usual meaning', async () => {
    const { host, calls, balancer } = lb(printed({ servers: [UP] }));
    expect(await balancer.view(host, gw1)).toEqual({ servers: [{ ...UP, setting: {}, sticky: false }], epoch: '' });
    expect(calls).toEqual([{ argv: ['/opt/lb/status'], options: { env: ENV, timeoutMs: expect.any(Number) } }]);
    expect(host.writes).toBe(0);
  });

  test('all possible fields', async () => {
    const server = {
      name: 'pool/gw-1',
      state: 'drained',
      sessions: null,
      setting: { weight: '10' },
      sticky: true,
      sinceMs: 1500,
      quietMs: 0,
      check: 'pending',
    };
    const { host, balancer } = lb(printed({ servers: [server], epoch: '42' }));
    expect(await balancer.view(host, gw1)).toEqual({ servers: [server], epoch: '42' });
  });

  test('an empty list is an unknown member', async () => {
    const { host, balancer } = lb(printed({ servers: [] }));
    await expect(balancer.view(host, gw1)).rejects.toMatchObject({
      code: 'LB_MEMBER_UNKNOWN',
      message: expect.stringContaining('10.0.2.21:9080'),
    });
  });

  test.each<[string, Partial<RunResult>, string]>([
    ['nothing', {}, 'JSON'],
    ['no JSON', { stdout: 'OK' }, 'JSON'],
    ['a list', printed([UP]), 'expected object'],
    ['an unknown state', printed({ servers: [{ ...UP, state: 'UP' }] }), 'servers.0.state'],
    ['no sessions', printed({ servers: [{ name: 'a', state: 'up' }] }), 'servers.0.sessions'],
    ['half a session', printed({ servers: [{ ...UP, sessions: 0.5 }] }), 'servers.0.sessions'],
    ['a misspelt field', printed({ servers: [{ ...UP, setings: {} }] }), 'setings'],
    ['two answers', { stdout: '{"servers":[]}\n{"servers":[]}\n' }, 'JSON'],
  ])('%s is refused, with the hook’s text', async (_name, answer, why) => {
    const { host, balancer } = lb(answer);
    await expect(balancer.view(host, gw1)).rejects.toMatchObject({
      code: 'LB_INVALID_REPLY',
      message: expect.stringMatching(
        new RegExp(`^gateways on lb-1: hook "status" printed invalid output: .*${why}`, 's'),
      ),
      details: answer.stdout === undefined ? 'it printed nothing' : answer.stdout,
    });
  });
});

describe('commands that run', () => {
  const before = { 'pool/gw-1': { weight: "10; it's" } };
  test.each([
    ['drained', 'drained', ['/opt/lb/out', '-q'], ''],
    ['closed', 'closed', ['/opt/lb/close'], ''],
    ['restored', before, ['/opt/lb/in'], `${JSON.stringify(before)}\n`],
  ] as const)('%s', async (_name, to, argv, stdin) => {
    const { host, calls, balancer } = lb((words) => (words === HOOKS.status ? printed({ servers: [UP] }) : {}));
    await balancer.set(host, gw1, to);
    expect(calls.slice(1)).toEqual([{ argv, options: { env: ENV, stdin, timeoutMs: expect.any(Number) } }]);
  });

  test('none, when the balancer does not have the member', async () => {
    const { host, calls, balancer } = lb(printed({ servers: [] }));
    await expect(balancer.set(host, gw1, 'drained')).rejects.toMatchObject({ code: 'LB_MEMBER_UNKNOWN' });
    expect(calls.map(({ argv }) => argv)).toEqual([HOOKS.status]);
  });

  test('maintenance needs a hook: a drained member with sticky sessions does not become idle', async () => {
    const { host, calls, balancer } = lb({}, HOOKS);
    await expect(balancer.set(host, gw1, 'closed')).rejects.toMatchObject({ code: 'LB_CANNOT_CLOSE' });
    expect(calls).toEqual([]);
  });

  test.each<[Partial<RunResult>, string, string]>([
    [{ code: 3, stderr: 'no\nsuch\nserver\n' }, 'exit code 3', 'no\nsuch\nserver'],
    [{ code: 1, stdout: 'only here' }, 'exit code 1', 'only here'],
    [{ code: null, signal: 'KILL', stderr: 'x' }, 'signal KILL', 'x'],
  ])('%j is a failure of any hook', async (answer, how, details) => {
    const { host, balancer } = lb(answer);
    const failed = { code: 'LB_COMMAND_FAILED', message: expect.stringContaining(how), details };
    await expect(balancer.view(host, gw1)).rejects.toMatchObject(failed);
    await expect(balancer.counters(host, gw1)).rejects.toMatchObject(failed);
    const known = lb((argv) => (argv === HOOKS.status ? printed({ servers: [UP] }) : answer));
    await expect(known.balancer.set(known.host, gw1, 'drained')).rejects.toMatchObject(failed);
  });
});

describe('counters', () => {
  const totals = { requests: 100, status4xx: 1, status5xx: 2, connectErrors: 0, responseErrors: 0 };

  test('as the hook prints them', async () => {
    const { host, balancer } = lb(printed({ ...totals, epoch: '7' }));
    expect(balancer.shows.counters).toBe(true);
    expect(await balancer.counters(host, gw1)).toEqual({ ...totals, epoch: '7' });
  });

  test('without a hook there are none', async () => {
    const { host, calls, balancer } = lb({}, HOOKS);
    expect(balancer.shows.counters).toBe(false);
    expect(await balancer.counters(host, gw1)).toBe(null);
    expect(calls).toEqual([]);
  });
});

test.each([
  ['declared', { everyMs: 5000, fall: 2, rise: 1 }, { everyMs: 5000, fall: 2, rise: 1, source: 'declared' }],
  ['assumed', undefined, { everyMs: 2000, fall: 3, rise: 2, source: 'assumed' }],
])('timing is %s', async (_name, check, expected) => {
  const options = { pool: 'gateways', host: 'lb-1', hooks: HOOKS, ...defined({ check }) };
  const { host } = lb({});
  expect(await commandDriver(options).timing(host, gw1)).toMatchObject(expected);
});
