import { describe, expect, test } from 'vitest';
import type { Command, RunResult } from '../../src/core/host/connection.ts';
import { idle, type Requests } from '../../src/tasks/idle.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { seenBy } from '../support/cluster/seen-by.ts';
import { plan } from './settle.ts';

const NAME = 'api7-gateway';
const IMAGE = { classic: 'sha256:1', containerd: 'sha256:2' };

interface Listing {
  readonly ss?: string;
  readonly proc?: string;
  readonly result?: Partial<RunResult>;
}

/** A host on which the gateway runs, with these connections. */
async function hostWith({ ss, proc, result }: Listing, asked: Command[] = []): Promise<DockerHost> {
  const host = new DockerHost({
    command: (command) => {
      asked.push(command);
      return result ?? { stdout: ss === undefined ? `proc\n${proc}` : `ss\n${ss}` };
    },
  });
  host.engine.loadArchive(IMAGE, 'a:1');
  await host.engine.create(NAME, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
  await host.engine.start(NAME);
  return host;
}

const gate = (extra: Partial<Parameters<typeof idle>[0]> = {}) =>
  idle({ container: NAME, ports: [9080, 9443], ...extra });

const busyOn = async (listing: Listing, extra: Partial<Parameters<typeof idle>[0]> = {}): Promise<number> => {
  const { busy } = await seenBy<Requests>(gate(extra), await hostWith(listing));
  return busy;
};

/** One connection as `ss -tin` prints it. */
const line = (info: string, { state = 'ESTAB', queues = '0 0', peer = '10.0.0.5:40000' } = {}): string =>
  `${state} ${queues} 172.17.0.2:9080 ${peer}\n\t cubic wscale:7,7 rto:204 cwnd:10 ${info} rcv_space:65483 minrtt:0.016\n`;

const INFO = 'segs_in:9 bytes_received:62 data_segs_in:2';
const USED = `bytes_sent:40 bytes_acked:40 data_segs_out:2 ${INFO}`;
const ONCE = 'bytes_sent:40 bytes_acked:40 data_segs_out:1 segs_in:4 bytes_received:31 data_segs_in:1';

describe('a connection as ss shows it', () => {
  test.each<[string, string, number]>([
    ['a response, then none', line(`${USED} lastsnd:6732 lastrcv:6832 lastack:6700`), 0],
    ['a request with a slow response', line(`${USED} lastsnd:9000 lastrcv:6832 lastack:6832`), 1],
    ['the first request, not answered yet', line(`${INFO} lastsnd:6840 lastrcv:6840 lastack:6840`), 1],
    ['never used', line('segs_in:2 lastsnd:6840 lastrcv:6840 lastack:6840'), 0],
    ['answered a moment ago', line(`${USED} lastsnd:400 lastrcv:500 lastack:400`), 1],
    [
      'answered in the tick of its request, and acknowledged since',
      line(`${USED} lastsnd:6840 lastrcv:6840 lastack:6796`),
      0,
    ],
    ['the next request in the tick of the last answer', line(`${USED} lastsnd:6840 lastrcv:6840 lastack:6840`), 1],
    ['the only request, answered in its tick', line(`${ONCE} lastsnd:6840 lastrcv:6840 lastack:6840`), 0],
    [
      'as the one before the last, but for longer than any request lasts',
      line(`${USED} lastsnd:70000 lastrcv:70000 lastack:70000`),
      0,
    ],
    [
      'a download that its client does not take',
      line(`${USED} lastsnd:6832 lastrcv:6844 lastack:20`, { queues: '0 3804160' }),
      1,
    ],
    [
      'a request that no process has read',
      line(`${USED} lastsnd:6732 lastrcv:6832 lastack:6700`, { queues: '31 0' }),
      1,
    ],
    [
      'half closed by the client, answer still to come',
      line(`${USED} lastsnd:9000 lastrcv:6832 lastack:100`, { state: 'CLOSE-WAIT' }),
      1,
    ],
    ['closed by the gateway, data still under way', line(USED, { state: 'FIN-WAIT-1', queues: '0 4097' }), 1],
    ['closed by the gateway, only that under way', line(USED, { state: 'FIN-WAIT-1', queues: '0 1' }), 0],
    ['closed on both sides', line(USED, { state: 'FIN-WAIT-2' }), 0],
    ['an old kernel: in one tick, and the sent bytes are unknown', line('lastsnd:6840 lastrcv:6840 lastack:6840'), 1],
    ['moved this very millisecond: what is zero is left out', line(USED), 1],
    ['no more than its line', 'ESTAB 0 0 172.17.0.2:9080 10.0.0.5:40000\n', 1],
  ])('%s', async (_, ss, busy) => {
    expect(await busyOn({ ss })).toBe(busy);
  });
});

test.each([
  ['which may be the next request in the tick of the last answer', USED, 0],
  ['which is its first request, not answered yet', INFO, 1],
])('a connection of an idle balancer %s', async (_, info, busy) => {
  const ss = line(`${info} lastsnd:6840 lastrcv:6840 lastack:6840`);
  expect(await busyOn({ ss }, { idleBalancers: ['10.0.0.5'] })).toBe(busy);
});

test.each([
  ['within the time that one may take', 59_999, ['10.0.0.5'], 1],
  ['for longer than any may take, and its balancer knows of none', 60_000, ['10.0.0.5'], 0],
  ['for longer than any may take, without an idle balancer', 60_000, ['10.0.0.6'], 1],
])('a request that waits for its response %s', async (_, ago, idleBalancers, busy) => {
  const ss = line(`${USED} lastsnd:${ago + 10} lastrcv:${ago} lastack:${ago}`);
  expect(await busyOn({ ss }, { idleBalancers })).toBe(busy);
});

const IDLE = `${USED} lastsnd:6732 lastrcv:6832 lastack:6700`;
const WAITING = `${USED} lastsnd:9000 lastrcv:6832 lastack:6832`;

test('the message counts by peer, the busiest first, addresses in their short form', async () => {
  const ss = [
    line(WAITING, { peer: '10.0.0.9:1' }),
    ...[1, 2].map((port) => line(WAITING, { peer: `[::ffff:10.0.0.5]:${port}` })),
    line(WAITING, { peer: '[fe80::1]%eth0:3' }),
    line(IDLE, { peer: '10.0.0.7:1' }),
  ].join('');
  const task = gate({ within: '10s' });
  const { before } = await plan(task, await hostWith({ ss }));
  expect(before).toMatchObject({ seen: { busy: 4, idle: 1 } });
  expect(task.bound.unmet(before)).toMatchObject({
    code: 'DRAIN_TIMEOUT',
    message:
      '4 of the connections to api7-gateway are still busy after 10s: 2 from 10.0.0.5 (request waits for its response), 1 from 10.0.0.9 (request waits for its response), 1 from fe80::1 (request waits for its response)',
    details: expect.stringContaining('10.0.0.5\t2\trequest waits for its response\n'),
  });
});

describe('a host without ss or nsenter', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n';
  const entry = (local: string, remote: string, state = '01', queues = '00000000:00000000') =>
    `   1: ${local} ${remote} ${state} ${queues} 00:00000000 00000000     0        0 3685255 1\n`;
  const GATEWAY = '020011AC:2378';
  const V6 = '0000000000000000FFFF0000020011AC:2378';

  test.each<[string, string, number]>([
    ['listening only', entry('00000000:2378', '00000000:0000', '0A'), 0],
    ['open from a vouched balancer', entry(GATEWAY, '0500000A:9C40'), 0],
    ['with unsent data from a vouched balancer', entry(GATEWAY, '0500000A:9C40', '01', '00000010:00000000'), 1],
    ['open from any other client', entry(GATEWAY, '0600000A:9C40'), 1],
    ['another port', entry('020011AC:1B98', '0600000A:9C40'), 0],
    ['IPv4 on a socket for both', entry(V6, '0000000000000000FFFF00000500000A:9C40'), 0],
    ['IPv6', entry(V6, '000080FE000000000000000001000000:9C40'), 1],
    ['waiting out its time', entry(GATEWAY, '0600000A:9C40', '06'), 0],
  ])('%s', async (_, proc, busy) => {
    expect(await busyOn({ proc: head + proc }, { idleBalancers: ['10.0.0.5'] })).toBe(busy);
  });

  test('an IPv6 peer is named as inventories write it', async () => {
    const host = await hostWith({ proc: head + entry(V6, 'B80D0120000000000000000001000000:9C40') });
    const { peers } = await seenBy<Requests>(gate(), host);
    expect(peers.map(({ peer }) => peer)).toEqual(['2001:db8::1']);
  });
});

test('a container that does not run has no connections, and no command runs', async () => {
  const asked: Command[] = [];
  const host = await hostWith({ ss: '' }, asked);
  await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
  expect((await plan(gate(), host)).differences).toEqual([]);
  expect(asked).toEqual([]);
});

test('a container that crashes again and again has no process, and so no connections', async () => {
  const asked: Command[] = [];
  const host = await hostWith({ ss: '' }, asked);
  host.engine.crash(NAME, 1, { loops: true });
  expect((await host.docker.container(NAME))?.State).toMatchObject({ Running: true, Pid: 0, Status: 'restarting' });
  expect((await plan(gate(), host)).differences).toEqual([]);
  expect(asked).toEqual([]);
});

test.each([
  [95, true],
  [1, false],
])('a failed listing is an error, never idle (%i)', async (code, retryable) => {
  const host = await hostWith({ result: { code, stdout: '', stderr: 'nsenter: denied' } });
  await expect(plan(gate(), host)).rejects.toMatchObject({ code: 'CONNECTIONS_UNREADABLE', retryable });
});

describe('a service in a container of another name', () => {
  const busy = async (published: readonly number[], HostPort: string): Promise<number> => {
    const host = await hostWith({ ss: line(`${INFO} lastsnd:6840 lastrcv:6840 lastack:6840`) });
    await host.engine.stop(NAME, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await host.engine.remove(NAME);
    const PortBindings = { '9080/tcp': [{ HostIp: '', HostPort }] };
    await host.engine.create('eager_tesla', {
      Image: 'a:1',
      HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings },
    });
    await host.engine.start('eager_tesla');
    return (await seenBy<Requests>(gate({ published: [...published] }), host)).busy;
  };

  test('the container that publishes its port is read', async () => {
    expect(await busy([9080, 9443], '9080')).toBe(1);
  });

  test('one on another port, or where no port is known, is none of it', async () => {
    expect(await busy([9080, 9443], '8080')).toBe(0);
    expect(await busy([], '9080')).toBe(0);
  });
});
