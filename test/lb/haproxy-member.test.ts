import { describe, expect, test } from 'vitest';
import { play } from '../../src/core/play.ts';
import type { Steps } from '../../src/core/task.ts';
import { haproxyMember } from '../../src/lb/haproxy-member.ts';
import { parseServersState, standing } from '../../src/lb/haproxy-state.ts';
import { FakeHost } from '../../src/transport/fake-host.ts';
import { onePlay, runPlays, virtualClock } from '../support/run-fake.ts';

/** As HAProxy 2.6 prints it. */
const HEADER =
  '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n';
const row = (
  name: string,
  operational: number,
  admin = 0,
  address = '10.0.2.21',
  port = 9080,
  backend = 'gateways',
): string =>
  `3 ${backend} 1 ${name} ${address} ${operational} ${admin} 1 1 33 6 3 4 6 0 0 0 - ${port} - 0 7085 - - 0\n`;

describe('show servers state', () => {
  test('is read by column name', () => {
    expect(parseServersState(`${HEADER}${row('gw-1', 2)}\n`)).toEqual([
      { backend: 'gateways', server: 'gw-1', address: '10.0.2.21', fqdn: '-', port: 9080, operational: 2, admin: 0 },
    ]);
  });

  test.each([
    [2, 0, 'up'],
    [0, 0, 'down'],
    [1, 0, 'starting'],
    [3, 0, 'stopping'],
    [2, 0x08, 'drained'],
    [2, 0x01, 'maintenance'],
    [0, 0x09, 'maintenance'],
  ])('state %i with admin bits %i is %s', (operational, admin, word) => {
    expect(standing(parseServersState(HEADER + row('gw-1', operational, admin))[0] as never)).toBe(word);
  });

  test('anything else is refused, not taken for an empty list', () => {
    expect(() => parseServersState('Permission denied\n')).toThrow(expect.objectContaining({ code: 'LB_ANSWER' }));
  });
});

describe('the gate', () => {
  const member = (answers: readonly string[]) => {
    let turn = 0;
    const host = new FakeHost({ name: 'lb-1', haproxy: () => answers[Math.min(turn++, answers.length - 1)] ?? '' });
    const clock = virtualClock();
    const program = onePlay(function* (): Steps {
      yield haproxyMember({
        pool: 'gateways',
        socket: '/run/haproxy/admin.sock',
        address: '10.0.2.21',
        port: 9080,
        within: '10s',
      });
    });
    return runPlays([host], program, { clock }).then((run) => ({ ...run, waited: clock.now() }));
  };

  test('waits until every backend that has the member sends it traffic', async () => {
    const both = (second: number): string => HEADER + row('gw-1', 2) + row('gw-1', second, 0, '10.0.2.21', 9080, 'tcp');
    const run = await member([both(0), both(1), both(2)]);
    expect(run.codes).toEqual([]);
    expect(run.waited).toBe(1000);
  });

  test('an unknown member is an error at once', async () => {
    const run = await member([HEADER + row('gw-2', 2, 0, '10.0.2.22') + row('gw-1', 2, 0, '10.0.2.21', 9443)]);
    expect(run.codes).toEqual(['LB_MEMBER_UNKNOWN']);
    expect(run.waited).toBe(0);
  });

  test.each([
    ['down', row('gw-1', 0)],
    ['drained by a colleague', row('gw-1', 2, 0x08)],
    ['in maintenance', row('gw-1', 0, 0x01)],
  ])('a member that is %s fails it when time is up', async (_name, line) => {
    const run = await member([HEADER + line]);
    expect(run.codes).toEqual(['LB_MEMBER_NOT_UP']);
    expect(run.waited).toBeGreaterThanOrEqual(10_000);
  });
});

test('a balancer is asked once for all the members that are looked at together', async () => {
  let asked = 0;
  const gateways = ['10.0.2.21', '10.0.2.22', '10.0.2.23'];
  const lines = gateways.flatMap((address) => [9080, 9443].map((port) => row(address, 2, 0, address, port)));
  const balancer = new FakeHost({ name: 'lb-1', haproxy: () => `${HEADER}${lines.join('')}${' '.repeat(asked++)}` });
  const hosts = gateways.map((name) => new FakeHost({ name }));
  const run = await runPlays([...hosts, balancer], function* () {
    yield* play({
      name: 'gateways',
      hosts: gateways.join(','),
      *tasks({ name }) {
        for (const port of [9080, 9443])
          yield haproxyMember({ pool: 'gateways', socket: '/run/admin.sock', address: name, port }).delegate('lb-1');
      },
    });
  });
  expect(run.report.hosts).toMatchObject(Object.fromEntries(gateways.map((name) => [name, { ok: 2 }])));
  expect(asked).toBe(1);
});
