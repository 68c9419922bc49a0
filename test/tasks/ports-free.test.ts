import { describe, expect, test } from 'vitest';
import type { HostNetwork, Listener } from '../../src/core/host/connection.ts';
import { portsFree, portsFreeBut } from '../../src/tasks/ports-free.ts';
import { digest } from '../docker/archives.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';

async function hostWith(
  name: string,
  address: string,
  running = true,
  network: Partial<HostNetwork> = {},
): Promise<DockerHost> {
  const host = new DockerHost({ network });
  host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, 'a:1');
  const PortBindings = { '80/tcp': [{ HostIp: address, HostPort: '9080' }] };
  await host.engine.create(name, { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings } });
  if (running) await host.engine.start(name);
  return host;
}

const gate = (host: DockerHost, address: string) =>
  runPlays(
    [host],
    onePlay(function* () {
      yield portsFree({
        ports: [
          { address, port: 9080 },
          { address, port: 7085 },
        ],
        except: ['api7-gateway'],
      });
    }),
  );

test.each([
  ['all addresses against all', 'old-nginx', '0.0.0.0', '0.0.0.0', true],
  ['one address against all', 'old-nginx', '10.0.0.1', '0.0.0.0', true],
  ['all against one', 'old-nginx', '0.0.0.0', '127.0.0.1', true],
  ['two different addresses', 'old-nginx', '10.0.0.1', '127.0.0.1', false],
  ['our own container', 'api7-gateway', '0.0.0.0', '0.0.0.0', false],
])('%s', async (_, name, held, wanted, taken) => {
  const { codes, events } = await gate(await hostWith(name, held), wanted);
  expect(codes).toEqual(taken ? ['PORT_TAKEN'] : []);
  if (taken)
    expect(JSON.stringify(events)).toContain('port 0.0.0.0:9080 is held by container'.replace('0.0.0.0', wanted));
  if (taken) expect(JSON.stringify(events)).toContain('docker stop old-nginx');
});

test('several ports of one container are one reason', async () => {
  const host = new DockerHost();
  host.engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, 'a:1');
  const PortBindings = Object.fromEntries(
    [9080, 7085, 9443].map((port) => [`${port}/tcp`, [{ HostIp: '', HostPort: String(port) }]]),
  );
  await host.engine.create('old', { Image: 'a:1', HostConfig: { RestartPolicy: { Name: 'no' }, PortBindings } });
  await host.engine.start('old');
  const ports = [9080, 9443, 7085].map((port) => ({ address: '0.0.0.0', port }));
  const { bound } = portsFree({ ports, except: [] });
  expect(bound.unmet(await bound.read(host, undefined)).message).toBe(
    'ports 0.0.0.0:9080, 0.0.0.0:9443 and 0.0.0.0:7085 are held by container "old", which api7-orch did not create',
  );
});

test('a stopped container holds nothing', async () => {
  expect((await gate(await hostWith('old-nginx', '0.0.0.0', false), '0.0.0.0')).codes).toEqual([]);
});

describe('a process without a container', () => {
  const nginx = { protocol: 'tcp', address: '0.0.0.0', port: 9080, process: 'nginx' } as const;

  test.each<[string, readonly Listener[], string, string | undefined]>([
    ['that listens on all addresses', [nginx], '10.0.0.1', 'process \\"nginx\\" of the host'],
    ['that listens on both families', [{ ...nginx, address: '::' }], '0.0.0.0', 'process \\"nginx\\" of the host'],
    [
      'whose name is unknown',
      [{ protocol: 'tcp', address: '10.0.0.1', port: 7085 }],
      '0.0.0.0',
      'a process of the host',
    ],
    ['on another address', [{ ...nginx, address: '10.0.0.2' }], '10.0.0.1', undefined],
    ['of the other family', [{ ...nginx, address: '::1' }], '0.0.0.0', undefined],
    ['on another port', [{ ...nginx, port: 80 }], '0.0.0.0', undefined],
    ['by the other protocol', [{ ...nginx, protocol: 'udp' }], '0.0.0.0', undefined],
  ])('%s', async (_, listening, wanted, by) => {
    const host = await hostWith('old-nginx', '0.0.0.0', false, { listening });
    const { codes, events } = await gate(host, wanted);
    expect(codes).toEqual(by === undefined ? [] : ['PORT_TAKEN']);
    if (by !== undefined) expect(JSON.stringify(events)).toContain(`is held by ${by}`);
    if (by !== undefined) expect(JSON.stringify(events)).toContain('ss -ltnp');
  });

  test.each([
    ['has a wanted port', 9080, 'PORT_TAKEN', true],
    ['has another port', 80, undefined, false],
  ])('that %s on %s: its name is read only for a taken port', async (_, port, code, isAsked) => {
    const asked: boolean[] = [];
    const host = await hostWith('old-nginx', '0.0.0.0', false);
    host.network = async ({ processes = false } = {}) => {
      asked.push(processes);
      const { process, ...nameless } = { ...nginx, port };
      return { addresses: [], bindsAny: true, listening: [{ ...nameless, ...(processes ? { process } : {}) }] };
    };
    const { codes, events } = await gate(host, '10.0.0.1');
    expect(codes).toEqual(code === undefined ? [] : [code]);
    expect(asked.includes(true)).toBe(isAsked);
    if (isAsked) expect(JSON.stringify(events)).toContain('process \\"nginx\\" of the host');
  });

  test('is not held by Docker for a container of api7-orch', async () => {
    const listening = [{ ...nginx, process: 'docker-proxy' }];
    const host = await hostWith('api7-gateway', '0.0.0.0', true, { listening });
    expect((await gate(host, '0.0.0.0')).codes).toEqual([]);
    // Between two starts Docker lists no ports of it, while a start may just hold them.
    host.engine.crash('api7-gateway', 1, { loops: true });
    expect((await gate(host, '0.0.0.0')).codes).toEqual([]);
  });

  test('keeps a stopped container of api7-orch from its port', async () => {
    const host = await hostWith('api7-gateway', '0.0.0.0', false, { listening: [nginx] });
    expect((await gate(host, '0.0.0.0')).codes).toEqual(['PORT_TAKEN']);
  });
});

describe('a UDP port', () => {
  const dns = { protocol: 'udp', address: '127.0.0.53', port: 53, process: 'systemd-resolve' } as const;
  const udp = (host: DockerHost, address: string) =>
    runPlays(
      [host],
      onePlay(function* () {
        yield portsFree({ ports: [{ address, port: 53, protocol: 'udp' }], except: [] });
      }),
    );

  test('is held by a process that has its socket', async () => {
    const host = await hostWith('old', '0.0.0.0', false, { listening: [dns] });
    const { codes, events } = await udp(host, '0.0.0.0');
    expect(codes).toEqual(['PORT_TAKEN']);
    const text = JSON.stringify(events);
    expect(text).toContain('port 0.0.0.0:53/udp is held by process \\"systemd-resolve\\" of the host');
    expect(text).toContain('ss -lunp');
  });

  test.each<[string, Listener, string]>([
    ['on another address', dns, '10.0.0.1'],
    ['by TCP', { ...dns, protocol: 'tcp' }, '0.0.0.0'],
  ])('is free of one %s', async (_, listener, address) => {
    const host = await hostWith('old', '0.0.0.0', false, { listening: [listener] });
    expect((await udp(host, address)).codes).toEqual([]);
  });
});

describe('an address', () => {
  const addresses = ['127.0.0.0/8', '127.0.0.1', '10.0.0.5', 'fd00::5', 'fe80::1'];

  test.each([
    ['10.0.0.5', []],
    ['127.0.0.7', []],
    ['fd00:0:0:0::5', []],
    ['0.0.0.0', []],
    ['::', []],
    ['203.0.113.7', ['ADDRESS_MISSING']],
    ['fd00::6', ['ADDRESS_MISSING']],
  ])('%s', async (address, expected) => {
    const host = await hostWith('old', '0.0.0.0', false, { addresses, bindsAny: false });
    const { codes, events } = await gate(host, address);
    expect(codes).toEqual(expected);
    const message = `no interface of gw-1 has the address ${address}, to which port 9080, 7085 is bound; it has 10.0.0.5, fd00::5`;
    if (expected.length > 0) expect(JSON.stringify(events)).toContain(message);
  });

  test('that a virtual router may move here can be bound', async () => {
    const host = await hostWith('old', '0.0.0.0', false, { addresses, bindsAny: true });
    expect((await gate(host, '203.0.113.7')).codes).toEqual([]);
  });
});

describe('a container that can be taken over', () => {
  const ports = [{ address: '0.0.0.0', port: 9080 }];
  const looked = (host: DockerHost, name: string, now: boolean) =>
    runPlays(
      [host],
      onePlay(function* () {
        const containers = async () => [(await host.engine.container(name))?.Id ?? ''];
        yield portsFreeBut({ by: 'api7-orch run install --adopt', now, containers })({ ports, except: [] });
      }),
    );

  test('is in the way, and the hint names the command', async () => {
    const { codes, events } = await looked(await hostWith('eager_tesla', '0.0.0.0'), 'eager_tesla', false);
    expect(codes).toEqual(['PORT_TAKEN']);
    expect(JSON.stringify(events)).toContain('to take it over without an interruption: api7-orch run install --adopt');
  });

  test('is not in the way of a run that does it', async () => {
    expect((await looked(await hostWith('eager_tesla', '0.0.0.0'), 'eager_tesla', true)).codes).toEqual([]);
  });

  test('another one is none', async () => {
    const { codes, events } = await looked(await hostWith('old-nginx', '0.0.0.0'), 'eager_tesla', true);
    expect(codes).toEqual(['PORT_TAKEN']);
    expect(JSON.stringify(events)).not.toContain('--adopt');
  });
});
