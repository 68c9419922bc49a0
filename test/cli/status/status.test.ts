import { describe, expect, test } from 'vitest';
import type { StatusReport } from '../../../src/cli/status/report.ts';
import { type StatusFlags, status } from '../../../src/cli/status/status.ts';
import type { HttpRequest } from '../../../src/core/host/connection.ts';
import { FakeDocker } from '../../../src/testing/fake-docker.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { LbScene } from '../lb/scene.ts';

type Answers = Readonly<Record<string, number>>;

const HEALTHY: Answers = { '7085/status': 200, '7085/status/ready': 200, '17080/healthz': 200, '17900/healthz': 200 };

/** A host with these containers running, and these replies. */
async function node(name: string, containers: Readonly<Record<string, string>>, answers: Answers = HEALTHY) {
  const docker = new FakeDocker({ files: { read: () => null } });
  for (const [container, image] of Object.entries(containers)) {
    docker.loadArchive({ classic: `sha256:${image}`, containerd: `sha256:m${image}` }, image);
    await docker.create(container, { Image: image, HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    await docker.start(container);
  }
  const http = ({ port, path }: HttpRequest) => {
    const code = answers[`${port}${path}`];
    return code === undefined ? null : { status: code, body: '' };
  };
  return { host: new FakeHost({ name, docker, http }), docker };
}

const GATEWAY = { 'api7-gateway': 'api7/api7-ee-3-gateway:3.10.5' };
const CONTROL_PLANE = {
  'api7-dashboard': 'registry:5000/api7/api7-ee-3-integrated:v3.10.5',
  'api7-dp-manager': 'registry:5000/api7/api7-ee-dp-manager:v3.10.5',
};

async function scene(gateway: Answers = HEALTHY) {
  const nodes = await Promise.all([
    node('cp-1', CONTROL_PLANE),
    node('cp-2', CONTROL_PLANE),
    node('gw-1', GATEWAY, gateway),
    node('gw-2', GATEWAY),
  ]);
  const scene = new LbScene({ more: Object.fromEntries(nodes.map(({ host }) => [host.name, host])) });
  return { scene, docker: Object.fromEntries(nodes.map((one) => [one.host.name, one.docker])) };
}

const show = (from: LbScene, pattern = 'all', flags: Partial<StatusFlags> = {}): Promise<number> =>
  status(pattern, { inventory: from.file, forks: '50', ...flags }, from.outside);

async function reported(from: LbScene, pattern = 'all'): Promise<StatusReport> {
  await show(from, pattern, { output: 'json' });
  return JSON.parse(from.printed);
}

test('a row for each service, and a last line with the number of healthy hosts', async () => {
  const { scene: all } = await scene();
  expect(await show(all, 'all', { exitCode: true })).toBe(0);
  expect(all.printed).toBe(`HOST  SERVICE     VERSION  CONTAINER  HEALTH  TRAFFIC    SESSIONS  HELD BY
cp-1  dashboard   3.10.5   running    ok      unmanaged         -  -
cp-1  dp-manager  3.10.5   running    ok      -                 -  -
cp-2  dashboard   3.10.5   running    ok      unmanaged         -  -
cp-2  dp-manager  3.10.5   running    ok      -                 -  -
gw-1  gateway     3.10.5   running    ready   up                0  -
gw-2  gateway     3.10.5   running    ready   up                0  -

OK: 4 hosts healthy
`);
});

test('one round trip for each host, and no write', async () => {
  const { scene: all } = await scene();
  await show(all);
  expect(all.connected).toHaveLength(6);
  for (const { trips, writes } of Object.values(all.hosts)) expect({ trips, writes }).toEqual({ trips: 1, writes: 0 });
});

describe('an unhealthy service is shown, and sets the exit code only with --exit-code', () => {
  type Row = readonly [string, RegExp, (from: Awaited<ReturnType<typeof scene>>) => unknown, Answers];
  const rows: readonly Row[] = [
    [
      'a container that has ended',
      /^gw-1 .* exited \(137\) /m,
      async ({ docker }) => {
        await docker['gw-1']?.stop('api7-gateway', { signal: 'SIGQUIT', timeoutSeconds: 1 });
        docker['gw-1']?.crash('api7-gateway', 137);
      },
      HEALTHY,
    ],
    [
      'a container that is not there',
      /^gw-1 {2}gateway {2}- {8}absent /m,
      ({ docker }) => gone(docker['gw-1']),
      HEALTHY,
    ],
    ['a gateway without an answer', /^gw-1 .* running {4}no response /m, () => undefined, {}],
    ['an answer that is none', /^gw-1 .* running {4}HTTP 500 /m, () => undefined, { ...HEALTHY, '7085/status': 500 }],
    [
      'a gateway without its control plane',
      /^gw-1 .* running {4}not ready /m,
      () => undefined,
      { ...HEALTHY, '7085/status/ready': 503 },
    ],
    [
      'an external drain',
      /^gw-1 .* maintenance, up +0 {2}external$/m,
      ({ scene: from }) => from.order('lb-1', 'set server gateways/gw-1 state maint'),
      HEALTHY,
    ],
    [
      'a node that its balancers see down',
      /^gw-1 .* down +0 {2}-$/m,
      ({ scene: from }) => {
        for (const one of Object.values(from.haproxies)) one.lives('10.0.2.21', false);
        return from.clock.sleep(10_000);
      },
      HEALTHY,
    ],
  ];
  test.each(rows)('%s', async (_name, row, prepare, answers) => {
    const made = await scene(answers);
    await prepare(made);
    expect(await show(made.scene, 'gw-1')).toBe(0);
    expect(made.scene.printed).toMatch(row);
    expect(made.scene.printed).toMatch(/\nUNHEALTHY: 1 of 1 host\n$/);
    expect(await show(made.scene, 'gw-1', { exitCode: true })).toBe(3);
  });
});

test('status shows who drained a node and when; only lb status shows the reason', async () => {
  const { scene: all } = await scene();
  const record = {
    node: 'gw-1',
    before: {},
    by: 'ops@desk',
    at: '1969-12-31T23:00:00Z',
    reason: 'new disks',
    held: [],
  };
  const { files } = all.hosts['lb-1'] ?? expect.fail();
  const root = { owner: 'root', group: 'root' };
  files.makeDirectory('/var/lib/api7-orch/leases', { ...root, mode: '0700' });
  const path = '/var/lib/api7-orch/leases/gateways.gw-1.json';
  files.write(path, Buffer.from(JSON.stringify(record)), { ...root, mode: '0600' });
  all.order('lb-1', 'set server gateways/gw-1 state drain');
  await show(all, 'gw-1');
  expect(all.printed).toMatch(/^gw-1 .* drained, up +0 {2}ops@desk, 1h ago$/m);
  expect(Math.max(...all.printed.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});

async function gone(docker: FakeDocker | undefined): Promise<void> {
  await docker?.stop('api7-gateway', { signal: 'SIGQUIT', timeoutSeconds: 1 });
  await docker?.remove('api7-gateway');
}

test('a restarted container is shown with its restarts, and counts as healthy once it runs', async () => {
  const { scene: all, docker } = await scene();
  docker['gw-1']?.crash('api7-gateway', 1, { back: true });
  expect(await show(all, 'gw-1', { exitCode: true })).toBe(0);
  expect(all.printed).toMatch(/^gw-1 .* running, 1 restart /m);
});

test('an older gateway, which does not report its readiness, is healthy', async () => {
  const { scene: all } = await scene({ '7085/status': 200, '7085/status/ready': 404 });
  expect(await show(all, 'gw-1', { exitCode: true })).toBe(0);
  expect(all.printed).toMatch(/^gw-1 .* ok +up /m);
});

test('an unreachable host is a row with the cause and the view of its balancers; the exit code is 3', async () => {
  const { scene: all } = await scene();
  all.dead.add('gw-1');
  expect(await show(all, 'data_plane')).toBe(3);
  expect(all.printed).toMatch(/^gw-1 {2}gateway {2}- {8}CONNECT_REFUSED {2}- {7}up {14}0 {2}-$/m);
  expect(all.printed).toMatch(/^gw-2 .* ready /m);
  expect(all.printed).toMatch(/\nCONNECT_REFUSED on gw-1: gw-1 refused\n\nUNHEALTHY: 1 unreachable\n$/);
});

test('an unreachable balancer leaves the traffic unknown, and the rest is shown', async () => {
  const { scene: all } = await scene();
  all.dead.add('lb-2');
  expect(await show(all, 'gw-1')).toBe(3);
  expect(all.printed).toMatch(/^gw-1 .* running {4}ready {3}up, unknown +0 {2}-$/m);
});

test('a host without Docker is reported, and its replies are still shown', async () => {
  const { scene: all } = await scene();
  const bare = new FakeHost({ name: 'gw-1', http: () => ({ status: 200, body: '' }) });
  const made = new LbScene({ more: { ...all.hosts, 'gw-1': bare } });
  expect(await show(made, 'gw-1')).toBe(3);
  expect(made.printed).toMatch(/^gw-1 {2}gateway {2}- {8}DOCKER_NOT_FOUND {2}ready {3}up /m);
});

test('as JSON: one object, with the replies and the view of every balancer', async () => {
  const { scene: all } = await scene();
  const report = await reported(all, 'gw-1');
  expect(report).toMatchObject({ cluster: 'prod', at: '1970-01-01T00:00:00.000Z', errors: [] });
  expect(report.hosts).toEqual([
    {
      host: 'gw-1',
      address: '10.0.2.21',
      healthy: true,
      services: [
        {
          service: 'gateway',
          healthy: true,
          container: 'api7-gateway',
          version: '3.10.5',
          image: 'api7/api7-ee-3-gateway:3.10.5',
          state: 'running',
          restarts: 0,
          exitCode: null,
          startedAt: expect.any(String),
          answers: [
            { path: '/status', status: 200 },
            { path: '/status/ready', status: 200 },
          ],
          traffic: ['lb-1', 'lb-2'].map((host) => ({
            pool: 'gateways',
            host,
            state: 'up',
            sessions: 0,
            servers: [{ name: 'gateways/gw-1', state: 'up', sessions: 0, sticky: false }],
            lease: null,
            held: [],
          })),
          notAsked: [],
        },
      ],
    },
  ]);
});

test('hosts that run nothing of API7 are refused by name, and left out of patterns', async () => {
  const { scene: all } = await scene();
  await expect(show(all, 'lb-1')).rejects.toThrow(/"lb-1" names no host of control_plane or data_plane/);
  expect((await reported(all, 'gw-1,lb-1')).hosts.map(({ host }) => host)).toEqual(['gw-1']);
});
