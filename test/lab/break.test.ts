import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { all } from './all.ts';
import { downLab } from './down.ts';
import { breakHost, cutSsh, healHost, reloadBalancer } from './faults/break-host.ts';
import { type Lab, upLab } from './lab.ts';
import { type LoadReport, startLoad } from './load/load.ts';
import { paths } from './paths.ts';
import { balancerSampler } from './samplers/sampler.ts';
import { labCli } from './scenes/lab-cli.ts';
import { ManualInstall } from './scenes/manual-install.ts';

const directory = join(paths.cache, 'labs/break-test');

let lab: Lab;
let by: ManualInstall;

beforeAll(async () => {
  await downLab(directory);
  lab = await upLab({ directory, owned: true, size: { controlPlane: 1, dataPlane: 2, loadBalancers: 1 } });
  by = new ManualInstall(lab);
  await by.controlPlane('cp-1');
  await by.until(200, () => by.status('cp-1', 17900, '/healthz'));
  for (const host of ['gw-1', 'gw-2']) await serve(host);
  await by.run('gw-2', 'mkdir -p /opt/api7; echo much > /opt/api7/much');
});
afterAll(() => lab?.down());

async function serve(host: string): Promise<void> {
  await by.load(host, 'dp');
  await by.gatewayConfig(host);
  await by.gateway(host);
  await by.until(200, () => by.status(host, 7085, '/status/ready'));
}

/** The exit code of a login. */
const login = async (host: string): Promise<number> => (await labCli(directory, 'ssh', host, 'true')).code;

/** The status that a gateway returns to another host of the lab, 0 for no response. */
async function through(host: string): Promise<number> {
  const url = `http://${lab.host(host).address}:9080/`;
  return Number((await lab.exec('lb-1', `curl -s -m 2 -o /dev/null -w '%{http_code}' ${url}`)).out);
}

const started = () => by.run('gw-2', "docker inspect -f '{{.State.StartedAt}}' gateway");

describe.runIf(all)('breaks and heals a host of the lab', () => {
  afterEach(() => healHost(lab.docker, lab.file, 'gw-2'));

  it.each([
    { fault: 'network', login: 1, through: 0 },
    { fault: 'ssh', login: 1, through: 200 },
    { fault: 'docker', login: 0, through: 200 },
    { fault: 'disk', login: 0, through: 200 },
  ] as const)('$fault', async ({ fault, ...broken }) => {
    const since = await started();
    // A second call has the same effect.
    await breakHost(lab.docker, lab.file, 'gw-2', fault);
    await breakHost(lab.docker, lab.file, 'gw-2', fault);
    expect({ login: await login('gw-2'), through: await through('gw-2') }).toEqual(broken);
    expect((await lab.exec('gw-2', 'docker version')).code === 0).toBe(fault !== 'docker');
    expect((await lab.exec('gw-2', `echo more > /opt/api7/${fault} && sync`)).code === 0).toBe(fault !== 'disk');
    await healHost(lab.docker, lab.file, 'gw-2');
    await by.until(200, () => through('gw-2'));
    expect(await login('gw-2')).toBe(0);
    expect(await by.run('gw-2', `echo more > /opt/api7/${fault}; cat /opt/api7/${fault} /opt/api7/much`)).toBe(
      'more\nmuch',
    );
    expect(await started()).toBe(since);
  });

  it('cuts all SSH sessions of all hosts at once and refuses new ones for a while, during transfers', async () => {
    const held = labCli(directory, 'ssh', 'gw-1', 'sleep 60');
    await by.until(0, async () => (await lab.exec('gw-1', 'pgrep -u ops -f "sleep 60"')).code);
    const cut = cutSsh(lab, 40);
    // The session ended long before its command.
    expect((await held).code).toBe(255);
    expect(await Promise.all(['gw-1', 'lb-1', 'db-1'].map(login))).toEqual([1, 1, 1]);
    expect(await through('gw-1')).toBe(200);
    await cut;
    expect(await login('gw-1')).toBe(0);
  });
});

describe.runIf(all)('the load', () => {
  const during = async (what: () => Promise<unknown>): Promise<LoadReport> => {
    const load = await startLoad(lab, { slow: 2, websockets: 2 });
    await sleep(2000);
    await what();
    await sleep(2000);
    return load.stop();
  };

  it('reports no error in a healthy cluster, and none during a reload of the balancer', async () => {
    await by.until(200, async () => (await fetch(lab.url('gateways'))).status);
    const { errors, good, sent, clients, gateways, risen } = await during(() => reloadBalancer(lab));
    expect({ errors, risen, bad: sent - good }).toEqual({ errors: {}, risen: {}, bad: 0 });
    expect(Object.keys(gateways)).toEqual(['gw-1', 'gw-2']);
    expect(Object.keys(clients)).toEqual(
      expect.arrayContaining([
        'get http',
        'get tcp',
        'post http',
        'post tcp',
        'slow http',
        'slow tcp',
        'websocket http',
      ]),
    );
  });

  it('reports requests cut by a restart without a drain, by kind; the counters and the sampler report them too', async () => {
    const sampler = await balancerSampler(lab, ['gateways']);
    const { errors, risen } = await during(() =>
      by.run('gw-2', 'docker stop -t 1 gateway; sleep 5; docker start gateway'),
    );
    expect(Object.keys(errors).join()).toMatch(/slow \w+ at \S+: |websocket \w+ at \S+: closed/);
    expect(Object.keys(risen).join()).toMatch(/gw-2 econ/);
    const [away] = await sampler.stop();
    expect(away).toMatchObject({ ever: ['gw-2'], mostAtOnce: 1, worst: ['gw-2'], unanswered: 0 });
    await by.until(200, () => by.status('gw-2', 7085, '/status/ready'));
  });
});

describe.runIf(all)('a release that is broken on purpose', () => {
  it.each([
    { version: '3.10.90', status: 503, route: 200 },
    { version: '3.10.91', status: 200, route: 502 },
  ])('$version returns $status for /status and $route for its routes', async ({ version, status, route }) => {
    await by.load('gw-2', 'dp', version);
    await by.gateway('gw-2', undefined, undefined, version);
    await by.until(status, () => by.status('gw-2', 7085, '/status'));
    await by.until(route, () => by.status('gw-2', 9080, '/any'));
    expect(await by.status('gw-2', 7085, '/status')).toBe(status);
  });
});

describe.runIf(all)('the size of a lab', () => {
  beforeAll(() => serve('gw-2'));

  it('a change of size keeps the remaining hosts unchanged; nginx can replace HAProxy', async () => {
    const larger = await upLab({ directory, owned: true, size: { dataPlane: 3 }, balancer: 'nginx' });
    expect(larger.did).toEqual({
      ...{ 'cp-1': 'kept', 'gw-1': 'kept', 'gw-2': 'kept', 'gw-3': 'created' },
      ...{ 'lb-1': 'created', 'db-1': 'kept' },
    });
    lab = larger;
    by = new ManualInstall(lab);
    expect((await upLab({ directory, owned: true })).file).toEqual(lab.file);
    await by.until(200, async () => (await fetch(lab.url('gateways'))).status);
    const load = await startLoad(lab, { slow: 2, websockets: 2 });
    await sleep(2000);
    await reloadBalancer(lab);
    await sleep(2000);
    const { errors, good } = await load.stop();
    // gw-3 serves nothing yet; nginx finds that out by requests.
    expect(Object.keys(errors).filter((what) => !/status 50[24]|1006|ECONNRESET/.test(what))).toEqual([]);
    expect(good).toBeGreaterThan(400);

    lab = await upLab({ directory, owned: true, size: { dataPlane: 2 }, balancer: 'haproxy' });
    by = new ManualInstall(lab);
    expect(Object.keys(lab.did)).toEqual(['cp-1', 'gw-1', 'gw-2', 'lb-1', 'db-1']);
    const { Volumes } = await lab.docker.listVolumes({ filters: { label: [`api7-orch.lab=${lab.file.id}`] } });
    expect(Volumes).toHaveLength(5);
  });
});
