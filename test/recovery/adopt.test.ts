import { describe, expect, test } from 'vitest';
import { ADOPTIONS, adoptionPath, readAdoption } from '../../src/adopt/record.ts';
import { CONTAINERS, IN_IMAGE } from '../../src/api7/paths.ts';
import { check } from '../../src/cli/check/check.ts';
import { lbDoctor } from '../../src/cli/lb/doctor.ts';
import { status } from '../../src/cli/status/status.ts';
import type { ContainerCreate } from '../../src/core/host/docker.ts';
import { freshContainer } from '../../src/core/host/leftover-names.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { type ByHand, DRAWN, startedByHand } from '../adopt/by-hand.ts';
import { digest } from '../docker/archives.ts';
import { all } from '../lab/all.ts';
import { daySeed, everyNth, momentsOf, randomOfDay, spreadOver } from '../lab/scenes/day-seed.ts';
import { TextStream } from '../render/text-stream.ts';
import type { SmallCluster } from './small-cluster.ts';

// Whole runs of `install --adopt` take over the containers of an operator on the smallest cluster.

type Name = keyof typeof DRAWN;

const PLACES: readonly (readonly [host: string, service: Name])[] = [
  ...['cp-1', 'cp-2'].flatMap((host) => [[host, 'dashboard'] as const, [host, 'dpManager'] as const]),
  ['gw-1', 'gateway'],
  ['gw-2', 'gateway'],
];

const ADOPT = { adopt: true } as const;

interface Hand {
  readonly cluster: SmallCluster;
  /** Ids of the containers that api7-orch did not create, by host and service. */
  readonly ids: ReadonlyMap<string, string>;
  readonly uids: readonly string[];
}

async function byHand(options: ByHand = {}): Promise<Hand> {
  const cluster = await startedByHand(options);
  const ids = new Map<string, string>();
  for (const [host, service] of PLACES)
    ids.set(`${host} ${service}`, (await cluster.engine(host).container(DRAWN[service]))?.Id ?? '');
  return { cluster, ids, uids: uidsOf(cluster) };
}

const GATEWAYS = ['gw-1', 'gw-2'];

const pidsOf = (cluster: SmallCluster): readonly number[] =>
  GATEWAYS.map((host) => cluster.engine(host).pidOf(CONTAINERS.gateway));

/** After every start so far, before any that follows: the fake engines count a second for each. */
async function afterStarts(cluster: SmallCluster): Promise<string> {
  const found = await Promise.all(GATEWAYS.map((host) => cluster.engine(host).container(CONTAINERS.gateway)));
  return new Date(Math.max(...found.map((one) => Date.parse(one?.State.StartedAt ?? ''))) + 500).toISOString();
}

/** As the processes of the gateways see them. */
const uidsOf = (cluster: SmallCluster): readonly string[] =>
  GATEWAYS.map((host) => {
    const pid = cluster.serving(host, CONTAINERS.gateway)?.pid ?? 0;
    return cluster.engine(host).seenFile(pid, IN_IMAGE.gatewayUid)?.trim() ?? '';
  });

/** What must never be, looked for before each operation of a run. */
function watched({ cluster, ids }: Hand): readonly string[] {
  const wrong: string[] = [];
  cluster.onOperation = (host, operation) => {
    if (!cluster.serves('gw-1') && !cluster.serves('gw-2')) wrong.push(`before ${operation} on ${host}: both out`);
    for (const [at, service] of PLACES) {
      const { all: containers } = cluster.engine(at);
      const running = containers.filter(({ pid, body }) => pid > 0 && body.HostConfig.PortBindings !== undefined);
      if (running.length > (service === 'gateway' ? 1 : 2)) wrong.push(`${at} runs ${running.length}`);
      if (!containers.some(({ id }) => id === ids.get(`${at} ${service}`))) wrong.push(`${at} has lost its ${service}`);
    }
  };
  return wrong;
}

/** Adopted as a whole: the new ones serve, the old ones are kept, and nothing is left to do. */
async function isAdopted({ cluster, ids, uids }: Hand, vars: { readonly adopt?: true } = ADOPT): Promise<void> {
  await cluster.settle();
  expect(cluster.leftovers()).toEqual([]);
  for (const [host, service] of PLACES) {
    const old = await cluster.engine(host).container(ids.get(`${host} ${service}`) ?? '');
    expect([host, service, old?.Name, old?.State.Running, old?.HostConfig.RestartPolicy.Name]).toEqual([
      host,
      service,
      expect.stringMatching(new RegExp(`^/${CONTAINERS[service]}\\.adopted-\\d{8}-\\d{6}-[0-9a-f]{6}$`)),
      false,
      'no',
    ]);
    expect(await readAdoption(service, cluster.host(host))).toMatchObject({ phase: 'done' });
    expect(await cluster.engine(host).container(freshContainer(CONTAINERS[service]))).toBeNull();
  }
  expect(uidsOf(cluster)).toEqual(uids);
  expect(await cluster.run('install', vars)).toMatchObject({ exitCode: 0, messages: [] });
  expect(cluster.writes).toBe(0);
}

/** The old one of a gateway serves as it did. */
async function isAsBefore({ cluster, ids }: Hand, host: string, policy: string): Promise<void> {
  const old = await cluster.engine(host).container(DRAWN.gateway);
  expect([old?.Id, old?.State.Running, old?.HostConfig.RestartPolicy.Name, cluster.serves(host)]).toEqual([
    ids.get(`${host} gateway`),
    true,
    policy,
    true,
  ]);
  expect(await cluster.engine(host).container(CONTAINERS.gateway)).toBeNull();
  expect(await cluster.engine(host).container(freshContainer(CONTAINERS.gateway))).toBeNull();
  expect(cluster.host(host).files.has(adoptionPath('gateway'))).toBe(false);
}

async function doctorText(inventory: string, environment: Parameters<typeof lbDoctor>[1]): Promise<string> {
  process.env.DB_PASSWORD = 'right';
  const stdout = new TextStream();
  const flags = { inventory, forks: '5', output: 'table', lockWait: '0s' } as const;
  await lbDoctor(flags, { ...environment, stdout: stdout as unknown as NodeJS.WriteStream });
  return stdout.text;
}

async function checkText(inventory: string, environment: Parameters<typeof check>[2], adopt: boolean): Promise<string> {
  process.env.DB_PASSWORD = 'right';
  const stdout = new TextStream();
  const code = await check(
    'all',
    { inventory, forks: '5', output: 'table', adopt },
    { ...environment, stdout: stdout as unknown as NodeJS.WriteStream },
  );
  return `exit code ${code}\n${stdout.text}`;
}

async function statusText(inventory: string, environment: Parameters<typeof status>[2]): Promise<string> {
  process.env.DB_PASSWORD = 'right';
  const stdout = new TextStream();
  await status(
    'all',
    { inventory, forks: '5', output: 'table' },
    { ...environment, stdout: stdout as unknown as NodeJS.WriteStream },
  );
  return stdout.text;
}

describe.each(['no', 'always'])('containers with the restart policy %s', (policy) => {
  test('are taken over; a second run changes nothing, and a restart and another version go through', async () => {
    const hand = await byHand({ policy });
    const { cluster } = hand;
    const wrong = watched(hand);
    expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [], asked: [], outages: [] });
    expect(wrong).toEqual([]);
    await isAdopted(hand);
    await isAdopted(hand, {});
    const pids = pidsOf(cluster);
    expect(await cluster.run('rolling-restart', { since: await afterStarts(cluster) })).toMatchObject({
      exitCode: 0,
      messages: [],
    });
    expect(pidsOf(cluster).every((pid, at) => pid > 0 && pid !== pids[at])).toBe(true);
    await cluster.settle();
    cluster.upgrade();
    expect(await cluster.run()).toMatchObject({ exitCode: 0, messages: [] });
    await cluster.settle();
    expect(cluster.leftovers()).toEqual([]);
    expect(uidsOf(cluster)).toEqual(hand.uids);
    expect(wrong).toEqual([]);
  });

  test('one whose new container does not become ready runs again as before, exit code 4; then it works', async () => {
    const hand = await byHand({ policy });
    const { cluster } = hand;
    cluster.unreadyNew.add('gw-1');
    const wrong = watched(hand);
    const ran = await cluster.run('install', ADOPT);
    expect(ran).toMatchObject({ exitCode: 4, codes: ['NOT_READY'], asked: [], outages: [] });
    expect(ran.nodes).toMatchObject({
      'gw-1': { state: 'rolledBack', traffic: 'in' },
      'gw-2': { state: 'untouched', traffic: 'in' },
    });
    expect(wrong).toEqual([]);
    await cluster.settle();
    await isAsBefore(hand, 'gw-1', policy);
    await isAsBefore(hand, 'gw-2', policy);
    cluster.repair();
    expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });
});

test('check: without the flag they are in the way, with it they can be adopted; differences are listed with what to do', async () => {
  const { cluster } = await byHand({
    edit: (body, host) =>
      host === 'gw-2'
        ? { ...body, Env: [...(body.Env ?? []), 'TZ=UTC'], HostConfig: { ...body.HostConfig, Memory: 512 * 2 ** 20 } }
        : body,
  });
  const shown = async (adopt: boolean) => (await cluster.verb((...given) => checkText(...given, adopt))) ?? '';
  const plain = await shown(false);
  expect(plain).toContain('exit code 2');
  expect(plain.match(/FAILED +ports: /g)).toHaveLength(4);
  expect(plain.replaceAll(/\s+/g, ' ')).toContain('api7-orch run install --adopt');
  const adopting = await shown(true);
  expect(adopting).not.toContain('ports:');
  expect(adopting).toMatch(/^cp-1 +in order/m);
  expect(adopting).toMatch(/^gw-1 +in order/m);
  expect(adopting.replaceAll(/\s+/g, ' ')).toContain(
    `FAILED adoption of gateway: container ${DRAWN.gateway} differs from the inventory: variable TZ is in the container only; limit memory`,
  );
  expect(adopting.replaceAll(/\s+/g, ' ')).toContain(
    '- variable TZ is in the container only: add it to api7.gateway.env',
  );
  expect(adopting).toContain('exit code 2');
  expect(cluster.writes).toBe(0);
});

test('without the flag they are in the way, and nothing is changed', async () => {
  const { cluster } = await byHand();
  expect(await cluster.run()).toMatchObject({
    exitCode: 2,
    codes: ['PORT_TAKEN', 'PORT_TAKEN', 'PORT_TAKEN', 'PORT_TAKEN'],
  });
});

test('one that had to be killed, and whose new container does not become ready, is created again with its identity', async () => {
  const hand = await byHand({ policy: 'unless-stopped' });
  const { cluster, ids, uids } = hand;
  const { engine } = { engine: cluster.engine('gw-1') };
  cluster.unreadyNew.add('gw-1');
  engine.stubborn.add(DRAWN.gateway);
  const before = engine.bodyOf(DRAWN.gateway);
  const ran = await cluster.run('install', ADOPT);
  expect(ran).toMatchObject({ exitCode: 4, codes: ['NOT_READY'] });
  await cluster.settle();
  const again = engine.bodyOf(DRAWN.gateway);
  expect(again).toMatchObject({
    Image: before?.Image,
    Env: expect.arrayContaining([...(before?.Env ?? [])]),
    HostConfig: { PortBindings: before?.HostConfig.PortBindings },
  });
  expect(again?.HostConfig.Mounts).toEqual(expect.arrayContaining([...(before?.HostConfig.Mounts ?? [])]));
  expect(again?.HostConfig.RestartPolicy.Name).toBe('unless-stopped');
  expect(uidsOf(cluster)).toEqual(uids);
  expect(cluster.serves('gw-1')).toBe(true);
  // The killed one is kept, too.
  const killed = await engine.container(ids.get('gw-1 gateway') ?? '');
  expect([killed?.Name, killed?.State.Running]).toEqual([expect.stringContaining('.adopted-'), false]);
  engine.stubborn.clear();
  cluster.repair();
  expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
  expect(uidsOf(cluster)).toEqual(uids);
});

describe('services that no balancer of the inventory sends requests to have the same way back', () => {
  const without = async (pools: readonly string[], options: ByHand = {}): Promise<Hand> => {
    const hand = await byHand(options);
    for (const pool of pools) hand.cluster.edit(new RegExp(` {2}${pool}: .*\\n`), '');
    return hand;
  };

  test('a gateway in no pool', async () => {
    const hand = await without(['gateways'], { policy: 'always' });
    const { cluster } = hand;
    cluster.unreadyNew.add('gw-1');
    const wrong = watched(hand);
    const ran = await cluster.run('install', ADOPT);
    expect(ran).toMatchObject({ exitCode: 4, codes: ['NOT_READY'], asked: [], outages: [] });
    expect(ran.nodes).toMatchObject({ 'gw-1': { state: 'rolledBack' }, 'gw-2': { state: 'untouched' } });
    expect(wrong).toEqual([]);
    await cluster.settle();
    await isAsBefore(hand, 'gw-1', 'always');
    await isAsBefore(hand, 'gw-2', 'always');
    cluster.repair();
    expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });

  test.each([
    ['a DP Manager in no pool, beside a dashboard in one', ['dp_managers']],
    ['a control-plane host in no pool', ['dp_managers', 'dashboards']],
  ])('%s', async (_what, pools) => {
    const hand = await without(pools, { policy: 'always' });
    const { cluster, ids } = hand;
    const engine = cluster.engine('cp-1');
    const { program } = engine;
    engine.program = (body, files) =>
      body.Image.includes('dp-manager') && body.Labels?.['api7-orch.spec'] !== undefined
        ? { exitCode: 1, log: 'no' }
        : program?.(body, files);
    const wrong = watched(hand);
    const ran = await cluster.run('install', ADOPT);
    expect(ran).toMatchObject({ exitCode: 4, codes: ['CONTAINER_EXITED'], asked: [], outages: [] });
    expect(ran.nodes).toMatchObject({ 'cp-1': { state: 'rolledBack' }, 'cp-2': { state: 'untouched' } });
    expect(wrong).toEqual([]);
    for (const service of ['dashboard', 'dpManager'] as const) {
      const old = await engine.container(DRAWN[service]);
      expect([service, old?.Id, old?.State.Running, old?.HostConfig.RestartPolicy.Name]).toEqual([
        service,
        ids.get(`cp-1 ${service}`),
        true,
        'always',
      ]);
      expect(await engine.container(CONTAINERS[service])).toBeNull();
      expect(cluster.host('cp-1').files.has(adoptionPath(service))).toBe(false);
    }
    engine.program = program;
    cluster.repair();
    await cluster.settle();
    expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });
});

describe('refused before anything is changed', () => {
  const OTHER = '0d6a4d3e-3c1f-4a3b-9a57-2f1f3f6b7c88';
  const isRefused = async ({ cluster }: Hand, code: string, words: string): Promise<void> => {
    const pids = ['gw-1', 'gw-2'].map((host) => cluster.engine(host).pidOf(DRAWN.gateway));
    const ran = await cluster.run('install', ADOPT);
    expect(ran).toMatchObject({ exitCode: 2, outages: [] });
    expect(ran.messages.join('\n')).toContain(`${code}: `);
    expect(ran.messages.join('\n')).toContain(words);
    expect(['gw-1', 'gw-2'].map((host) => cluster.engine(host).pidOf(DRAWN.gateway))).toEqual(pids);
    expect(cluster.writes).toBe(0);
  };

  test('a gateway whose uid is not the one that the inventory has; with hosts.NAME.uid it is adopted with its own', async () => {
    const hand = await byHand({ uid: (host) => OTHER.replace(/8$/, host.slice(-1)) });
    await isRefused(hand, 'ADOPTION_DIFFERS', `its apisix.uid is ${OTHER.replace(/8$/, '1')}`);
    for (const n of [1, 2])
      hand.cluster.edit(
        `gw-${n}: { address: 10.0.2.${n} }`,
        `gw-${n}: { address: 10.0.2.${n}, uid: ${OTHER.replace(/8$/, String(n))} }`,
      );
    expect(await hand.cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });

  test('two gateways with one uid: no inventory can state that', async () => {
    const hand = await byHand({ uid: () => OTHER });
    await isRefused(hand, 'ADOPTION_DIFFERS', `its apisix.uid is ${OTHER}`);
    for (const n of [1, 2])
      hand.cluster.edit(`gw-${n}: { address: 10.0.2.${n} }`, `gw-${n}: { address: 10.0.2.${n}, uid: ${OTHER} }`);
    await expect(hand.cluster.run('install', ADOPT)).rejects.toMatchObject({ code: 'INVENTORY_INVALID' });
  });

  test('a configuration that was replaced since the process started', async () => {
    const hand = await byHand();
    hand.cluster.host('gw-2').files.write(`/root/${DRAWN.gateway}.yaml`, Buffer.from('apisix: { node_listen: 1 }\n'), {
      ...{ owner: 'root', group: 'root', mode: '0644' },
    });
    await isRefused(hand, 'ADOPTION_REFUSED', 'its process still has the old file');
  });

  test.each([true, false])(
    'an earlier container with the name of the new one stays as it is; it runs: %s',
    async (runs) => {
      const hand = await byHand();
      const engine = hand.cluster.engine('gw-2');
      const { PortBindings: _, ...HostConfig } = engine.bodyOf(DRAWN.gateway)?.HostConfig ?? {
        RestartPolicy: { Name: 'no' },
      };
      await engine.create(CONTAINERS.gateway, { Image: engine.bodyOf(DRAWN.gateway)?.Image ?? '', HostConfig });
      if (runs) await engine.start(CONTAINERS.gateway);
      const earlier = await engine.container(CONTAINERS.gateway);
      await isRefused(hand, 'ADOPTION_REFUSED', 'it has the name of the new container');
      expect(await engine.container(CONTAINERS.gateway)).toEqual(earlier);
      await engine.rename(CONTAINERS.gateway, 'api7-gateway-earlier');
      // The fake balancer would send requests to any gateway that runs.
      await engine.stop('api7-gateway-earlier', { signal: 'SIGTERM', timeoutSeconds: 10 });
      expect(await hand.cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
      await isAdopted(hand);
    },
  );

  describe.each([
    ['with the flag', ADOPT, 'ADOPTION_REFUSED'],
    ['without it', {}, 'NAME_TAKEN'],
  ])('%s', (_flag, vars, code) => {
    test.each([false, true])(
      'a container with the name of the new one, on a host without the service, is not replaced; it runs: %s',
      async (runs) => {
        const { cluster } = await byHand();
        const engine = cluster.engine('gw-2');
        await engine.stop(DRAWN.gateway, { signal: 'SIGQUIT', timeoutSeconds: 10 });
        await engine.remove(DRAWN.gateway);
        engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, 'nginx:1');
        await engine.create(CONTAINERS.gateway, { Image: 'nginx:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
        if (runs) await engine.start(CONTAINERS.gateway);
        const theirs = await engine.container(CONTAINERS.gateway);
        engine.removals.length = 0;
        const ran = await cluster.run('install', vars, {}, ['gw-2']);
        expect(ran).toMatchObject({ exitCode: 2, codes: [code], outages: [] });
        expect(cluster.writes).toBe(0);
        expect(await engine.container(CONTAINERS.gateway)).toEqual(theirs);
        expect(engine.removals).toEqual([]);
        await engine.rename(CONTAINERS.gateway, 'api7-gateway-earlier');
        cluster.health();
        await cluster.settle();
        expect(await cluster.run('install', vars, {}, ['gw-2'])).toMatchObject({ exitCode: 0, messages: [] });
        expect(await engine.container('api7-gateway-earlier')).toMatchObject({ Id: theirs?.Id });
        expect(engine.pidOf(CONTAINERS.gateway)).toBeGreaterThan(0);
      },
    );
  });

  test('without the flag, a gateway that runs under the name of the new one is not replaced, and the hint names the flag', async () => {
    const { cluster } = await byHand();
    const engine = cluster.engine('gw-2');
    await engine.rename(DRAWN.gateway, CONTAINERS.gateway);
    const theirs = await engine.container(CONTAINERS.gateway);
    const ran = await cluster.run('install', {}, {}, ['gw-2']);
    expect(ran).toMatchObject({ exitCode: 2, codes: ['NAME_TAKEN'], outages: [] });
    expect(await engine.container(CONTAINERS.gateway)).toEqual(theirs);
    expect(await cluster.run('install', ADOPT, {}, ['gw-2'])).toMatchObject({ exitCode: 0, messages: [] });
    expect(await engine.container(theirs?.Id ?? '')).toMatchObject({ State: { Running: false } });
  });

  test.each<[string, ByHand['edit'], string, string]>([
    [
      'a variable',
      (body) => ({ ...body, Env: [...(body.Env ?? []), 'TZ=UTC'] }),
      'ADOPTION_DIFFERS',
      'variable TZ is in the container only',
    ],
    [
      '--rm',
      (body) => ({ ...body, HostConfig: { ...body.HostConfig, AutoRemove: true } as never }),
      'ADOPTION_REFUSED',
      '--rm',
    ],
    [
      'an image of another version',
      (body) => ({ ...body, Image: body.Image.replace('3.10.5', '3.10.6') }),
      'ADOPTION_DIFFERS',
      'it runs version 3.10.6, by the inventory 3.10.5',
    ],
    [
      'a memory limit',
      (body) => ({ ...body, HostConfig: { ...body.HostConfig, Memory: 512 * 2 ** 20 } }),
      'ADOPTION_DIFFERS',
      'limit memory is 512m, by the inventory none',
    ],
  ])('%s of a gateway that the inventory does not state', async (_what, edit, code, words) => {
    const hand = await byHand({
      edit: (body, host) => (host === 'gw-2' && edit !== undefined ? edit(body, host) : body),
    });
    await isRefused(hand, code, words);
  });

  test('a host whose record of an adoption is damaged (ADOPTION_INVALID), with the flag or without', async () => {
    const hand = await byHand();
    const { files } = hand.cluster.host('gw-2');
    files.makeDirectory(ADOPTIONS, { owner: 'root', group: 'root', mode: '0700' });
    files.write(adoptionPath('gateway'), Buffer.from('{'), { owner: 'root', group: 'root', mode: '0600' });
    await isRefused(hand, 'ADOPTION_INVALID', `${adoptionPath('gateway')} is not a record`);
    expect(await hand.cluster.run()).toMatchObject({
      exitCode: 2,
      codes: expect.arrayContaining(['ADOPTION_INVALID']),
    });
    files.remove(adoptionPath('gateway'));
    expect(await hand.cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });

  const GATEWAY = 'registry.example.com/x/gateway:3.10.5';

  test.each<[string, NonNullable<ByHand['edit']>]>([
    ['a name of its image that discovery does not know', (body) => ({ ...body, Image: GATEWAY })],
    [
      'another port inside',
      (body) => {
        const [http = [], https = []] = Object.values(body.HostConfig.PortBindings ?? {});
        return { ...body, HostConfig: { ...body.HostConfig, PortBindings: { '8080/tcp': http, '8443/tcp': https } } };
      },
    ],
  ])('a gateway with %s is in the way, with the flag or without', async (_what, edit) => {
    const hand = await byHand();
    const engine = hand.cluster.engine('gw-2');
    const body = engine.bodyOf(DRAWN.gateway);
    if (body === undefined) throw new Error('it is there');
    engine.loadArchive({ classic: digest('c'), containerd: digest('m') }, GATEWAY);
    await engine.stop(DRAWN.gateway, { signal: 'SIGQUIT', timeoutSeconds: 10 });
    await engine.remove(DRAWN.gateway);
    const edited = edit(body, 'gw-2');
    hand.cluster.edit('  registry:', `  images: { gateway: "${edited.Image}" }\n  registry:`);
    await engine.create(DRAWN.gateway, edited);
    await engine.start(DRAWN.gateway);
    for (const vars of [ADOPT, {}]) {
      const ran = await hand.cluster.run('install', vars, {}, ['gw-2']);
      expect(ran).toMatchObject({ exitCode: 2, codes: ['PORT_TAKEN'] });
      expect(hand.cluster.writes).toBe(0);
    }
  });

  test('no other gateway serves: the name of the cluster is asked for', async () => {
    const { cluster } = await byHand();
    cluster.unseen.add('gw-2');
    cluster.health();
    await cluster.settle();
    const ran = await cluster.run('install', ADOPT, {}, ['gw-1']);
    expect(ran).toMatchObject({ codes: ['OUTAGE_NOT_CONFIRMED'], outages: [expect.stringContaining('gateways')] });
    expect(cluster.engine('gw-1').pidOf(DRAWN.gateway)).toBeGreaterThan(0);
  });
});

test('an adoption that was broken off is finished by install --adopt only', async () => {
  const hand = await byHand();
  const { cluster } = hand;
  cluster.onOperation = (host, operation) => {
    if (host === 'gw-1' && operation === 'rename') cluster.away.add('gw-1');
  };
  expect((await cluster.run('install', ADOPT)).exitCode).toBe(3);
  cluster.repair();
  await cluster.settle();
  expect(await cluster.run()).toMatchObject({ exitCode: 2, codes: expect.arrayContaining(['ADOPTION_UNDER_WAY']) });
  // A container that waits for the adoption is no leftover, even as the only one. Status shows what to do.
  expect(await cluster.engine('gw-1').container(freshContainer(CONTAINERS.gateway))).not.toBeNull();
  const doctor = await cluster.verb(doctorText);
  expect(doctor).toContain('gw-1');
  expect(doctor).not.toContain('leftover');
  expect(await cluster.verb(statusText)).toContain(
    'gw-1: the adoption of gateway is at renamed; to finish it: api7-orch run install --adopt',
  );
  expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
  await isAdopted(hand);
});

describe('an adoption was broken off, and the operator has started the service in another container', () => {
  async function startedAnew(): Promise<Hand> {
    const hand = await byHand();
    const { cluster, uids } = hand;
    const engine = cluster.engine('gw-1');
    cluster.onOperation = (host, operation) => {
      if (host === 'gw-1' && operation === 'rename') cluster.away.add('gw-1');
    };
    expect((await cluster.run('install', ADOPT)).exitCode).toBe(3);
    cluster.onOperation = undefined;
    cluster.repair();
    await engine.create('nice_bell', engine.bodyOf(DRAWN.gateway) as ContainerCreate);
    await engine.start('nice_bell');
    engine.writeInside('nice_bell', IN_IMAGE.gatewayUid, uids[0] ?? '');
    cluster.health();
    await cluster.settle();
    const pid = engine.pidOf('nice_bell');
    const ran = await cluster.run('install', ADOPT);
    expect(ran).toMatchObject({ exitCode: 2, outages: [] });
    expect(ran.messages).toEqual([
      `ADOPTION_REFUSED: nice_bell: it runs in the place of ${DRAWN.gateway}, whose adoption is not finished`,
    ]);
    expect([engine.pidOf('nice_bell'), cluster.writes]).toEqual([pid, 0]);
    return hand;
  }

  test('with that container stopped, it continues', async () => {
    const hand = await startedAnew();
    await hand.cluster.engine('gw-1').stop('nice_bell', { signal: 'SIGQUIT', timeoutSeconds: 10 });
    expect(await hand.cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    await isAdopted(hand);
  });

  test('without its record, that container is adopted, and the earlier one stays', async () => {
    const { cluster, ids, uids } = await startedAnew();
    cluster.host('gw-1').files.remove(adoptionPath('gateway'));
    const anew = await cluster.engine('gw-1').container('nice_bell');
    const again = { cluster, uids, ids: new Map([...ids, ['gw-1 gateway', anew?.Id ?? '']]) };
    const wrong = watched(again);
    expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0, messages: [] });
    expect(wrong).toEqual([]);
    await isAdopted(again);
    expect(await cluster.engine('gw-1').container(ids.get('gw-1 gateway') ?? '')).not.toBeNull();
  });
});

test('what is kept is shown, and removed without its volumes', async () => {
  const hand = await byHand();
  const { cluster, ids } = hand;
  await cluster.run('install', ADOPT);
  await cluster.settle();
  const shown = await cluster.verb(statusText);
  for (const [, service] of PLACES) expect(shown).toContain(`${CONTAINERS[service]}.adopted-`);
  expect(shown).toContain('to remove what is kept: api7-orch adopt forget');
  expect(await cluster.run('adopt-forget')).toMatchObject({ exitCode: 0, messages: [] });
  for (const [host, service] of PLACES) {
    const { engine } = { engine: cluster.engine(host) };
    expect(await engine.container(ids.get(`${host} ${service}`) ?? '')).toBeNull();
    expect(
      engine.removals.filter(({ name }) => name.includes('.adopted-')).every(({ keepVolumes }) => keepVolumes),
    ).toBe(true);
    expect(engine.pidOf(CONTAINERS[service])).toBeGreaterThan(0);
    expect(cluster.host(host).files.has(adoptionPath(service))).toBe(false);
  }
  expect(await cluster.run('adopt-forget')).toMatchObject({ exitCode: 0, messages: [] });
  expect(cluster.writes).toBe(0);
  expect(await cluster.run()).toMatchObject({ exitCode: 0, messages: [] });
  expect(cluster.writes).toBe(0);
});

/** A run that adopts, once, for its writes and its changes by kind. */
const { writes, changes } = await (async () => {
  const { cluster } = await byHand();
  await cluster.run('install', ADOPT);
  return { writes: cluster.writes, changes: [...cluster.changes] };
})();

const halfWrites = momentsOf(2 * writes);
const random = randomOfDay(daySeed());

/** State after the controller was killed: at most one of both gateways is out of service. */
async function goesOn(hand: Hand, wrong: readonly string[]): Promise<void> {
  const { cluster } = hand;
  cluster.health();
  await cluster.settle();
  const again = await cluster.run('install', ADOPT);
  expect({ ...again, wrong }).toMatchObject({ exitCode: 0, messages: [], asked: [], outages: [], wrong: [] });
  await isAdopted(hand);
}

describe('the controller is killed', () => {
  test.each(everyNth(60, halfWrites, random))('at half write %i: the next run finishes', async (at) => {
    const hand = await byHand({ policy: at % 2 === 0 ? 'no' : 'unless-stopped' });
    const wrong = watched(hand);
    hand.cluster.killAt = at;
    await hand.cluster.run('install', ADOPT);
    hand.cluster.killAt = undefined;
    await goesOn(hand, wrong);
  });

  test.each(everyNth(60, halfWrites, random))(
    'at half write %i, and hosts whose adoption is not finished are started again: the next run finishes',
    async (at) => {
      const hand = await byHand({ policy: 'always' });
      const { cluster } = hand;
      const wrong = watched(hand);
      cluster.killAt = at;
      await cluster.run('install', ADOPT);
      cluster.repair();
      for (const [host, service] of PLACES) {
        const record = await readAdoption(service, cluster.host(host));
        if (record !== null && record.phase !== 'done') cluster.engine(host).reboot();
      }
      watched(hand);
      await goesOn(hand, wrong);
    },
  );

  test.each(everyNth(60, halfWrites, random))(
    'at half write %i, and new containers that do not run are pruned: the next run finishes',
    async (at) => {
      const hand = await byHand();
      const { cluster } = hand;
      const wrong = watched(hand);
      cluster.killAt = at;
      await cluster.run('install', ADOPT);
      cluster.killAt = undefined;
      for (const [host, service] of PLACES)
        for (const name of [CONTAINERS[service], freshContainer(CONTAINERS[service])])
          if (cluster.engine(host).pidOf(name) === 0) await cluster.engine(host).remove(name);
      await goesOn(hand, wrong);
    },
  );

  test.each(everyNth(60, halfWrites, random))(
    'at half write %i, and the new container of a gateway does not become ready: the old one serves',
    async (at) => {
      const hand = await byHand({ policy: 'unless-stopped' });
      const { cluster } = hand;
      cluster.unreadyNew.add('gw-1');
      const wrong = watched(hand);
      cluster.killAt = at;
      const killed = await cluster.run('install', ADOPT);
      cluster.killAt = undefined;
      cluster.health();
      await cluster.settle();
      // A run that has ended well before that moment has nothing more to try.
      const again = killed.exitCode === undefined ? await cluster.run('install', ADOPT) : killed;
      expect({ ...again, wrong }).toMatchObject({
        exitCode: 4,
        codes: ['NOT_READY'],
        asked: [],
        outages: [],
        wrong: [],
      });
      await cluster.settle();
      await isAsBefore(hand, 'gw-1', 'unless-stopped');
      cluster.repair();
      await goesOn(hand, wrong);
    },
  );
});

const MOST = all ? 40 : 2;
/** Those of locks and beats are shown by other tests. */
const ofAdoption = changes.filter(([operation]) => !operation.startsWith('lock.'));

describe.each(ofAdoption)('the reply to %s, of which an adoption makes %i, is lost', (operation, count) => {
  test.each(spreadOver(count, MOST).flatMap((nth) => [true, false].map((carriedOut) => ({ nth, carriedOut }))))(
    'number $nth, carried out: $carriedOut',
    async ({ nth, carriedOut }) => {
      const hand = await byHand();
      const { cluster } = hand;
      const wrong = watched(hand);
      cluster.loses = { operation, nth, carriedOut };
      const ran = await cluster.run('install', ADOPT);
      expect({ ...ran, wrong, where: cluster.lostAt }).toMatchObject({
        ...{ exitCode: 0, codes: [], asked: [], outages: [], wrong: [] },
        where: expect.stringContaining(`${operation} on `),
      });
      cluster.loses = undefined;
      await isAdopted(hand);
    },
  );
});

test('killed before the soak is passed, a new container that then fails requests gives way to the old one', async () => {
  const hand = await byHand();
  const { cluster } = hand;
  const isSoaking = (): boolean =>
    cluster.host('lb-1').fileText(leasePath('gateways', 'gw-1'))?.includes('"soaking"') === true;
  cluster.onOperation = () => {
    if (isSoaking()) cluster.killAt ??= 2 * cluster.writes;
  };
  expect((await cluster.run('install', ADOPT)).exitCode).toBeUndefined();
  expect(isSoaking()).toBe(true);
  cluster.repair();
  await cluster.settle();
  cluster.erringNew.add('gw-1');
  const wrong = watched(hand);
  const again = await cluster.run('install', ADOPT);
  expect({ ...again, wrong }).toMatchObject({ exitCode: 4, codes: ['SOAK_FAILED'], asked: [], outages: [], wrong: [] });
  cluster.repair();
  await cluster.settle();
  await isAsBefore(hand, 'gw-1', 'no');
  expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0 });
  await isAdopted(hand);
});

test('before the adoption, stop refuses gateways that it would leave running; after it, it stops them', async () => {
  const { cluster } = await byHand();
  const ran = await cluster.run('stop', {}, {}, ['gw-2']);
  expect(ran).toMatchObject({ exitCode: 2, codes: ['PORT_TAKEN'] });
  expect(cluster.serves('gw-2')).toBe(true);
  expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0 });
  await cluster.settle();
  expect(await cluster.run('stop', {}, {}, ['gw-2'])).toMatchObject({ exitCode: 0 });
  expect(cluster.serving('gw-2', CONTAINERS.gateway)).toBeUndefined();
  expect(await cluster.run('stop', {}, {}, ['gw-2'])).toMatchObject({ exitCode: 0 });
});

test('the control plane is lost right before an old gateway is stopped: it is restored, and the same command continues', async () => {
  const hand = await byHand();
  const { cluster } = hand;
  const wrong = watched(hand);
  const look = cluster.onOperation;
  const crash = (): void => {
    for (const name of ['cp-1', 'cp-2']) cluster.engine(name).crash(CONTAINERS.dpManager, 1);
  };
  cluster.onOperation = (host, operation) => {
    look?.(host, operation);
    if (host === 'gw-1' && operation === 'setRestartPolicy') crash();
  };
  const ran = await cluster.run('install', ADOPT);
  expect(ran).toMatchObject({ codes: ['CONTROL_PLANE_UNREACHABLE'], outages: [] });
  expect(ran.nodes).toMatchObject({ 'gw-1': { traffic: 'in' }, 'gw-2': { state: 'untouched', traffic: 'in' } });
  expect([cluster.serves('gw-1'), cluster.serves('gw-2')]).toEqual([true, true]);
  cluster.onOperation = look;
  for (const name of ['cp-1', 'cp-2']) await cluster.engine(name).start(CONTAINERS.dpManager);
  await cluster.settle();
  expect(await cluster.run('install', ADOPT)).toMatchObject({ exitCode: 0 });
  expect(wrong).toEqual([]);
});
