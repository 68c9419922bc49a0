import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { controlPlaneGuard } from '../../src/api7/control-plane-guard.ts';
import { Secret } from '../../src/core/base/secret.ts';
import type { HttpReply, HttpRequest } from '../../src/core/host/connection.ts';
import { balancerSilent } from '../../src/traffic/gates/balancer-silent.ts';
import { controllerReaches } from '../../src/traffic/gates/controller-reaches.ts';
import { DockerHost } from '../docker/docker-host.ts';
import { listen } from '../support/base/listen.ts';
import { plan } from '../tasks/settle.ts';
import { fleetScene } from './fleet-scene.ts';

const NAME = 'api7-gateway';

interface Around {
  /** The variables of the running container. */
  readonly env?: readonly string[];
  /** By authority and path; all others do not respond. */
  readonly answers?: Readonly<Record<string, number>>;
  /** The exit code of curl for an origin. */
  readonly curl?: number;
}

async function hostWith({ env, answers = {}, curl = 127 }: Around): Promise<DockerHost> {
  const http = ({ address, port, path }: HttpRequest): HttpReply | null => {
    const status = answers[`${address}:${port}${path}`];
    return status === undefined ? null : { status, body: '' };
  };
  const host = new DockerHost({ http, command: () => ({ code: curl }) });
  host.engine.loadArchive({ classic: 'sha256:1', containerd: 'sha256:2' }, 'a:1');
  if (env === undefined) return host;
  await host.engine.create(NAME, { Image: 'a:1', Env: env, HostConfig: { RestartPolicy: { Name: 'no' } } });
  await host.engine.start(NAME);
  return host;
}

const guard = controlPlaneGuard({
  container: NAME,
  endpoints: ['http://10.0.0.9:17900'],
  peers: [
    { name: 'gw-2', address: '10.0.2.22', port: 7085 },
    { name: 'gw-3', address: '10.0.2.23', port: 7085 },
  ],
});

const list = (...endpoints: readonly string[]): readonly string[] => [
  `API7_CONTROL_PLANE_ENDPOINTS=${JSON.stringify(endpoints)}`,
];
const [A, B, C] = ['http://10.0.1.1:7900', 'http://10.0.1.2:7900', 'http://10.0.1.3:7900'] as const;
const up = (n: number, status = 200) => ({ [`10.0.1.${n}:7900/healthz`]: status });
const ready = (n: number, status: number) => ({ [`10.0.2.2${n}:7085/status/ready`]: status });

const holds = async (around: Around): Promise<string | undefined> => {
  const { before, differences } = await plan(guard, await hostWith(around));
  if (differences.length === 0) return undefined;
  const { code, message } = guard.bound.unmet(before);
  expect(code).toBe('CONTROL_PLANE_UNREACHABLE');
  return message;
};

describe('controlPlaneGuard', () => {
  test('a recreated container needs the endpoints of the inventory, not those of the old container', async () => {
    const fresh = controlPlaneGuard({
      container: NAME,
      endpoints: [B],
      env: { API7_CONTROL_PLANE_ENDPOINTS: JSON.stringify([B]) },
      peers: [],
    });
    const met = async (around: Around): Promise<boolean> =>
      (await plan(fresh, await hostWith(around))).differences.length === 0;
    expect(await met({ env: list(A), answers: up(2) })).toBe(true);
    expect(await met({ env: list(A), answers: up(1) })).toBe(false);
  });

  test('a corrected token is applied although no gateway is ready; the same token is not', async () => {
    const none = { ...up(1), ...ready(2, 503) };
    const env = [...list(A), 'API7_CONTROL_PLANE_TOKEN=wrong-token'];
    const met = async (token: string): Promise<boolean> => {
      const changed = controlPlaneGuard({
        container: NAME,
        endpoints: [A],
        env: { API7_CONTROL_PLANE_ENDPOINTS: JSON.stringify([A]), API7_CONTROL_PLANE_TOKEN: Secret.containing(token) },
        peers: [{ name: 'gw-2', address: '10.0.2.22', port: 7085 }],
      });
      return (await plan(changed, await hostWith({ env, answers: none }))).differences.length === 0;
    };
    expect(await met('right-token')).toBe(true);
    expect(await met('wrong-token')).toBe(false);
  });

  test.each<[string, Around, RegExp | undefined]>([
    ['its only endpoint answers', { env: list(A), answers: up(1) }, undefined],
    [
      'its only endpoint does not respond',
      { env: list(A) },
      /^only 0 of 1 DP Manager endpoints respond .* no response: http:\/\/10\.0\.1\.1:7900$/,
    ],
    ['half answer', { env: list(A, B), answers: up(1) }, /^only 1 of 2 DP Manager endpoints responds to api7-gateway/],
    ['more than half answer', { env: list(A, B, C), answers: { ...up(1), ...up(3) } }, undefined],
    ['one that is not healthy does not count', { env: list(A), answers: up(1, 503) }, /^only 0 of 1/],
    ['one too old for that path counts', { env: list(A), answers: up(1, 404) }, undefined],
    [
      'the newer name of the variable wins',
      { env: [...list(A), `API7_DP_MANAGER_ENDPOINTS=["${B}"]`], answers: up(2) },
      undefined,
    ],
    ['no container: the inventory has the endpoints', { answers: { '10.0.0.9:17900/healthz': 200 } }, undefined],
    [
      'a list that cannot be read: the same',
      { env: ['API7_CONTROL_PLANE_ENDPOINTS=[oops'], answers: up(1) },
      /10\.0\.0\.9/,
    ],
    ['not even a URL', { env: list('dp-manager') }, /no response: dp-manager/],
    [
      'https refuses plain HTTP',
      { env: list('https://10.0.1.1:7943'), answers: { '10.0.1.1:7943/healthz': 400 } },
      undefined,
    ],
    ['https hangs up on plain HTTP, and greets curl', { env: list('https://10.0.1.1:7943'), curl: 56 }, undefined],
    ['https, and no listener', { env: list('https://10.0.1.1:7943'), curl: 7 }, /^only 0 of 1/],
    ['https, without curl, is not taken for granted', { env: list('https://10.0.1.1:7943') }, /^only 0 of 1/],
    [
      'every other gateway is not ready',
      { env: list(A), answers: { ...up(1), ...ready(2, 503), ...ready(3, 503) } },
      /^all other gateways .* \(gw-2, gw-3\)$/,
    ],
    ['all that respond report so', { env: list(A), answers: { ...up(1), ...ready(2, 503) } }, /\(gw-2\)$/],
    ['one of them is ready', { env: list(A), answers: { ...up(1), ...ready(2, 503), ...ready(3, 200) } }, undefined],
    [
      'one of them is too old to report it',
      { env: list(A), answers: { ...up(1), ...ready(2, 503), ...ready(3, 404) } },
      undefined,
    ],
  ])('%s', async (_, around, message) => {
    const held = await holds(around);
    if (message === undefined) expect(held).toBeUndefined();
    else expect(held).toMatch(message);
  });

  test('pauses the run, after one check', async () => {
    expect(guard.bound.onTimeout).toBe('hold');
    expect(guard.bound.patience().withinMs).toBe(0);
  });

  test('is checked before a gateway changes, unless its whole pool is to go down', async () => {
    const scene = await fleetScene({ http: (_, { path }) => (path === '/healthz' ? null : undefined) });
    const asked = () => scene.run('gw-1', () => scene.traffic('gw-1').checkDependencies());
    expect((await asked()).codes).toEqual(['CONTROL_PLANE_UNREACHABLE']);
    scene.fleet.poolsEmptiedBy(
      ['gw-1', 'gw-2', 'gw-3'],
      () => 3,
      () => true,
    );
    expect((await asked()).codes).toEqual([]);
  });
});

describe('a balancer that is ignored', () => {
  test('is checked on the ports of the inventory, if it has any', async () => {
    const asked = async (dataPorts?: readonly number[]): Promise<readonly string[]> => {
      const scene = await fleetScene({
        fleet: { withoutLb: ['lb-2'], reason: 'gone' },
        pools: (pools) =>
          new Map(
            [...pools].map(([name, pool]) => [
              name,
              pool.driver === 'none' || dataPorts === undefined ? pool : { ...pool, dataPorts },
            ]),
          ),
      });
      const ports: string[] = [];
      const host = scene.node('gw-1');
      const run = host.test.bind(host);
      host.test = async (command, options) => {
        const [, port] = ('script' in command ? /:(\d+)['\s]/.exec(command.script) : null) ?? [];
        if (port !== undefined) ports.push(port);
        return port === undefined ? await run(command, options) : { code: 7, signal: null, stdout: '', stderr: '' };
      };
      await scene.run('gw-1', () => scene.traffic('gw-1').checkDependencies());
      return [...new Set(ports)].sort();
    };
    expect(await asked()).toEqual(['443', '80', '9080']);
    expect(await asked([8443])).toEqual(['8443']);
  });

  const silent = (reached: boolean) =>
    balancerSilent({ balancer: 'lb-2', address: '10.0.0.12', ports: [80, 9080], reached: async () => reached });

  test.each([
    ['no client reaches it', false, 7, undefined],
    ['the controller does', true, 7, /port 80 responds to the controller/],
    ['the node does', false, 0, /port 80 responds to gw-1, port 9080 responds to gw-1/],
    ['the node does, and is hung up on', false, 52, /responds to gw-1/],
    [
      'the node has nothing to ask with: nothing is taken for granted',
      false,
      127,
      /port 80 cannot be checked from gw-1/,
    ],
  ])('%s', async (_, reached, curl, message) => {
    const task = silent(reached);
    const { before, differences } = await plan(task, await hostWith({ curl }));
    if (message === undefined) expect(differences).toEqual([]);
    else
      expect(task.bound.unmet(before)).toMatchObject({
        code: 'LB_STILL_SERVES',
        message: expect.stringMatching(message),
      });
  });

  test('the controller knows which process listens', async () => {
    const server = createServer();
    const port = await listen(server);
    expect(await controllerReaches('127.0.0.1', port)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await controllerReaches('127.0.0.1', port)).toBe(false);
  });
});
