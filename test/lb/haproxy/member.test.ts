import { describe, expect, test } from 'vitest';
import type { Steps } from '../../../src/core/task/task.ts';
import { haproxyMember } from '../../../src/lb/haproxy/member.ts';
import { parseServersState } from '../../../src/lb/haproxy/state.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { FakeHaproxy, type FakeServer } from '../../support/balancers/fake-haproxy.ts';
import { onePlay, runPlays, virtualClock } from '../../support/cluster/run-fake.ts';

/** As HAProxy 2.6 prints it. */
const REPLY =
  '1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n' +
  '3 gateways 1 gw-1 10.0.2.21 2 8 100 1 33 6 3 4 6 22 0 0 - 9080 - 0 7085 - - 0\n\n';

describe('show servers state', () => {
  test('is read by column name', () => {
    expect(parseServersState(REPLY)).toEqual([
      {
        backend: 'gateways',
        server: 'gw-1',
        address: '10.0.2.21',
        fqdn: '-',
        port: 9080,
        operational: 2,
        admin: 8,
        weight: 100,
        sinceSeconds: 33,
        checkResult: 3,
        checkState: 6,
        agentState: 22,
      },
    ]);
  });

  test('anything else is refused, not read as an empty list', () => {
    expect(() => parseServersState('Permission denied\n')).toThrow(
      expect.objectContaining({ code: 'LB_INVALID_REPLY' }),
    );
  });
});

describe('the gate', () => {
  const server = (more: Partial<FakeServer> = {}): FakeServer => ({
    backend: 'gateways',
    name: 'gw-1',
    address: '10.0.2.21',
    port: 9080,
    ...more,
  });
  const member = async (servers: readonly FakeServer[], ...orders: readonly string[]) => {
    const clock = virtualClock();
    const fake = new FakeHaproxy({ servers, clock });
    for (const order of orders) fake.command(order);
    const host = new FakeHost({ name: 'lb-1', ...fake.host });
    const program = onePlay(function* (): Steps {
      yield haproxyMember({
        pool: 'gateways',
        socket: '/run/haproxy/admin.sock',
        address: '10.0.2.21',
        port: 9080,
        within: '10s',
      });
    });
    const { codes } = await runPlays([host], program, { clock });
    return { codes, waited: clock.now() };
  };

  test('waits until every backend that has the member sends it traffic', async () => {
    const slow = server({ backend: 'tcp', slowstartMs: 4000 });
    const orders = ['maint', 'ready'].map((state) => `set server tcp/gw-1 state ${state}`);
    expect(await member([server(), slow], ...orders)).toEqual({ codes: [], waited: 4000 });
  });

  test('an unknown member is an error at once', async () => {
    const others = [server({ name: 'gw-2', address: '10.0.2.22' }), server({ port: 9443 })];
    expect(await member(others)).toEqual({ codes: ['LB_MEMBER_UNKNOWN'], waited: 0 });
  });

  test.each([
    ['drained by a colleague', 'set server gateways/gw-1 state drain'],
    ['in maintenance', 'set server gateways/gw-1 state maint'],
    ['at weight 0', 'set server gateways/gw-1 weight 0'],
  ])('a member that is %s fails it after the timeout', async (_what, order) => {
    const { codes, waited } = await member([server()], order);
    expect(codes).toEqual(['LB_MEMBER_NOT_UP']);
    expect(waited).toBeGreaterThanOrEqual(10_000);
  });
});
