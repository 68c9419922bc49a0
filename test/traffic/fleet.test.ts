import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import type { DrainSettings, LoadBalancerSettings } from '../../src/inventory/inventory.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { upInBalancers } from '../../src/traffic/gates/up-in-balancers.ts';
import { nodeView } from '../../src/traffic/node-view.ts';
import { nodeBalancingOf } from '../../src/traffic/pool-member.ts';
import { type FleetScene, fleetScene, KEPT, UNCLEAR, WAITING } from './fleet-scene.ts';

const drainAs =
  (drain: Partial<DrainSettings>) =>
  (pools: ReadonlyMap<string, LoadBalancerSettings>): ReadonlyMap<string, LoadBalancerSettings> =>
    new Map(
      [...pools].map(([name, pool]) => [
        name,
        pool.driver === 'none' ? pool : { ...pool, drain: { ...pool.drain, ...drain } },
      ]),
    );

const unmanaged = (): ReadonlyMap<string, LoadBalancerSettings> =>
  new Map([
    ['edge', { driver: 'none', name: 'edge', members: ['gw-1', 'gw-2'], port: 9080, reason: 'run by another team' }],
  ]);

async function drained(scene: FleetScene, node = 'gw-1') {
  expect((await scene.run(node, () => scene.traffic(node).drain())).codes).toEqual([]);
  return await scene.run(node, () => scene.traffic(node).waitIdle());
}

describe('drain and restore', () => {
  test('a drained node is drained on every balancer, has a lease, and is restored exactly', async () => {
    const scene = await fleetScene({ server: (name) => (name === 'gw-1' ? { weight: 20 } : {}) });
    const { run } = scene;
    expect((await drained(scene)).codes).toEqual([]);
    expect(await scene.orders('gw-1')).toEqual(['drain', 'drain']);
    for (const lb of ['lb-1', 'lb-2'] as const)
      expect(JSON.parse(scene.node(lb).fileText(leasePath('gateways', 'gw-1')) ?? '')).toMatchObject({
        by: 'ops@desk',
      });
    const traffic = scene.traffic('gw-1');
    expect((await run.call(scene, 'gw-1', () => traffic.stillDrained())).codes).toEqual([]);
    expect((await scene.run('gw-1', () => traffic.restore())).codes).toEqual([]);
    expect((await scene.run('gw-1', () => traffic.waitInService())).codes).toEqual([]);
    expect(await scene.orders('gw-1')).toEqual(['free', 'free']);
    expect(scene.node('lb-1').fileText(leasePath('gateways', 'gw-1'))).toBeNull();
    expect(await scene.orders('gw-2')).toEqual(['free', 'free']);
  });

  test('requests on the balancers are waited for first, then those at the node', async () => {
    const scene = await fleetScene();
    const request = scene.lb('lb-2').request('gateways', undefined);
    expect(request?.server).toBe('gw-1');
    scene.connections.set('gw-1', WAITING + KEPT);
    const seen: string[] = [];
    scene.onSleep = (now) => {
      if (now > 5000 && seen.length === 0) {
        request?.end();
        seen.push('ended');
      }
      if (now > 20_000) scene.connections.set('gw-1', KEPT);
    };
    const { codes, rows } = await drained(scene);
    expect(codes).toEqual([]);
    expect(rows.at(-1)).toBe('ok no requests at api7-gateway on 9080, 9443');
    expect(scene.clock.now()).toBeGreaterThan(20_000);
  });

  test.each([
    ['abort', 'DRAIN_TIMEOUT'],
    ['hold', 'DRAIN_ON_HOLD'],
  ] as const)('requests that do not end at the node: %s', async (onTimeout, code) => {
    const scene = await fleetScene({ pools: drainAs({ onTimeout }) });
    scene.connections.set('gw-1', WAITING);
    const { codes, messages } = await drained(scene);
    expect(codes).toEqual([code]);
    expect(messages[0]).toContain('1 from 10.0.0.11 (request waits for its response)');
  });

  test.each([
    ['abort', ['DRAIN_TIMEOUT']],
    ['hold', ['DRAIN_ON_HOLD']],
    ['quit_tail', []],
  ] as const)(
    'sessions that do not end on a balancer: %s shows the remaining ones, and their node',
    async (onTimeout, expected) => {
      const scene = await fleetScene({ pools: drainAs({ onTimeout }) });
      scene.lb('lb-1').request('gateways', undefined);
      scene.connections.set('gw-1', WAITING);
      const { codes, messages, warnings } = await drained(scene);
      expect(codes).toEqual(expected);
      expect(scene.clock.now()).toBeGreaterThanOrEqual(60_000);
      const reports = onTimeout === 'quit_tail' ? warnings : messages;
      expect(reports).toEqual([
        expect.stringMatching(
          /gateways on lb-1: server gateways\/gw-1 still has 1 session 1m30s after the drain.*busy at gw-1: 1 from 10\.0\.0\.11 \(request waits for its response\)/,
        ),
      ]);
    },
  );

  test('a node that does not respond hides no session that remains on its balancers', async () => {
    const scene = await fleetScene();
    scene.lb('lb-1').request('gateways', undefined);
    scene.node('gw-1').docker.container = async () => {
      throw new OrchError('DOCKER_UNREACHABLE', 'the engine is gone');
    };
    const { codes, messages } = await drained(scene);
    expect(codes).toEqual(['DRAIN_TIMEOUT']);
    expect(messages[0]).toMatch(/still has 1 session .*the engine is gone/);
  });

  test('with quit_tail, requests at the node have their time too, and the remaining ones are reported', async () => {
    const scene = await fleetScene({ pools: drainAs({ onTimeout: 'quit_tail' }) });
    scene.connections.set('gw-1', WAITING);
    scene.onSleep = (now) => {
      if (now > 20_000) scene.connections.set('gw-1', KEPT);
    };
    expect(await drained(scene)).toMatchObject({ codes: [], warnings: [] });
    expect(scene.clock.now()).toBeGreaterThan(20_000);
    scene.onSleep = () => undefined;
    scene.connections.set('gw-1', WAITING);
    const { codes, warnings } = await drained(scene);
    expect(codes).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/1 of the connections .*busy at gw-1: 1 from 10\.0\.0\.11/)]);
  });

  test('the last check also runs where the operator decides', async () => {
    const scene = await fleetScene({ pools: drainAs({ onTimeout: 'hold' }) });
    expect((await drained(scene)).codes).toEqual([]);
    scene.connections.set('gw-1', WAITING);
    const { codes } = await scene.run('gw-1', () => scene.traffic('gw-1').stillDrained());
    expect(codes).toEqual(['DRAIN_TIMEOUT']);
  });

  test('with quit_tail, requests that keep coming are not left to the graceful stop', async () => {
    const scene = await fleetScene({
      pools: drainAs({ onTimeout: 'quit_tail' }),
      server: (name) => ({ cookie: name }),
    });
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').drain())).codes).toEqual([]);
    // A client whose cookie names gw-1 comes again and again until maintenance, and never ends.
    const got = [scene.lb('lb-1').request('gateways', 'gw-1')?.server];
    scene.onSleep = () => got.push(scene.lb('lb-1').request('gateways', 'gw-1')?.server);
    const { codes } = await scene.run('gw-1', () => scene.traffic('gw-1').waitIdle());
    expect(codes).toEqual([]);
    expect(got[0]).toBe('gw-1');
    expect(got.at(-1)).not.toBe('gw-1');
  });

  test('a balancer decides where the kernel cannot, unless an older process of it may still have requests', async () => {
    const codes = async (reloaded: boolean) => {
      const scene = await fleetScene();
      if (reloaded) scene.lb('lb-1').reload();
      scene.connections.set('gw-1', UNCLEAR);
      await scene.run('gw-1', () => scene.traffic('gw-1').drain());
      return (await scene.run('gw-1', () => scene.traffic('gw-1').waitIdle())).codes;
    };
    expect(await codes(false)).toEqual([]);
    expect(await codes(true)).toEqual(['DRAIN_TIMEOUT']);
  });

  test('a node with sticky sessions goes into maintenance once its requests are done', async () => {
    const scene = await fleetScene({ server: (name) => ({ cookie: name }) });
    const request = scene.lb('lb-1').request('gateways', 'gw-1');
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').drain())).codes).toEqual([]);
    const asked = scene.lb('lb-1').asked;
    scene.onSleep = (now) => {
      if (now >= 3000 && now < 3500) {
        expect(asked.some((line) => line.endsWith('state maint'))).toBe(false);
        request?.end();
      }
    };
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').waitIdle())).codes).toEqual([]);
    expect(await scene.orders('gw-1')).toEqual(['maint', 'maint']);
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').restore())).codes).toEqual([]);
    expect(await scene.orders('gw-1')).toEqual(['free', 'free']);
  });

  test('the last check finds a node that is back on one balancer, and a request at the node', async () => {
    const scene = await fleetScene();
    await drained(scene);
    scene.connections.set('gw-1', WAITING);
    const look = () => scene.run('gw-1', () => scene.traffic('gw-1').stillDrained());
    expect((await look()).codes).toEqual(['DRAIN_TIMEOUT']);
    scene.connections.delete('gw-1');
    scene.lb('lb-2').command('set server gateways/gw-1 state ready');
    expect((await look()).codes).toEqual(['DRAIN_LOST']);
  });

  test('the last check finds a reload, though the node is drained again', async () => {
    const scene = await fleetScene();
    await drained(scene);
    scene.lb('lb-1').reload();
    scene.lb('lb-1').command('set server gateways/gw-1 state drain');
    const { codes } = await scene.run('gw-1', () => scene.traffic('gw-1').stillDrained());
    expect(codes).toEqual(['DRAIN_LOST']);
  });

  test('an external drain stays, and is no failure afterwards', async () => {
    const scene = await fleetScene();
    for (const lb of ['lb-1', 'lb-2'] as const) scene.lb(lb).command('set server gateways/gw-1 state maint');
    await drained(scene);
    await scene.run('gw-1', () => scene.traffic('gw-1').restore());
    expect(await scene.orders('gw-1')).toEqual(['maint', 'maint']);
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').waitInService())).codes).toEqual([]);
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').stillHealthy())).codes).toEqual([]);
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').observe())).value).toMatchObject({
      held: true,
      drainedByRun: false,
    });
  });
});

describe('a node with a lease of an operator', () => {
  const byHand = async (scene: FleetScene) => {
    await drained(scene);
    for (const lb of ['lb-1', 'lb-2'] as const) {
      const path = leasePath('gateways', 'gw-1');
      const lease = JSON.parse(scene.node(lb).fileText(path) ?? '');
      const root = { owner: 'root', group: 'root', mode: '0600' };
      scene.node(lb).files.write(path, Buffer.from(JSON.stringify({ ...lease, kind: 'hand' })), root);
    }
  };
  const observed = async (scene: FleetScene) => (await scene.run('gw-1', () => scene.traffic('gw-1').observe())).value;

  test('fails no program; a drain of a run that nothing restores is reported at once', async () => {
    const scene = await fleetScene();
    const wait = () => scene.run('gw-1', () => upInBalancers(scene.inventory, { name: 'gw-1' }, 9080));
    await drained(scene);
    expect((await wait()).codes).toEqual(['NOT_RESTORED']);
    await byHand(scene);
    expect((await wait()).codes).toEqual([]);
  });

  test('is held, and a run that changes it keeps it drained', async () => {
    const scene = await fleetScene();
    await byHand(scene);
    expect(await observed(scene)).toMatchObject({ held: true, drainedByRun: false, inTraffic: false });
    expect((await drained(scene)).codes).toEqual([]);
    expect((await scene.run('gw-1', () => scene.traffic('gw-1').restore())).codes).toEqual([]);
    expect(await scene.orders('gw-1')).toEqual(['drain', 'drain']);
    for (const look of [() => scene.traffic('gw-1').waitInService(), () => scene.traffic('gw-1').stillHealthy()])
      expect((await scene.run('gw-1', look)).codes).toEqual([]);
    expect(await observed(scene)).toMatchObject({ held: true, drainedByRun: false });
  });

  test('is held though its balancer has lost the drain', async () => {
    const scene = await fleetScene();
    await byHand(scene);
    for (const lb of ['lb-1', 'lb-2'] as const) scene.lb(lb).reload();
    expect(await observed(scene)).toMatchObject({ held: true, drainedByRun: false, inTraffic: true });
  });
});

describe('the observed state of a node', () => {
  const seen = async (scene: FleetScene, node: string) =>
    (await scene.run(node, () => scene.traffic(node).observe())).value;

  test('in full service', async () => {
    expect(await seen(await fleetScene(), 'gw-1')).toEqual({
      inTraffic: true,
      held: false,
      drainedByRun: false,
      up: true,
      shown: 'gateways on lb-1: up, 0 sessions; gateways on lb-2: up, 0 sessions',
    });
  });

  test('drained by api7-orch, with a running request', async () => {
    const scene = await fleetScene();
    const request = scene.lb('lb-1').request('gateways', undefined);
    await scene.run('gw-1', () => scene.traffic('gw-1').drain());
    expect(await seen(scene, 'gw-1')).toMatchObject({ inTraffic: true, held: false, drainedByRun: true, up: false });
    request?.end();
    expect(await seen(scene, 'gw-1')).toMatchObject({ inTraffic: false, drainedByRun: true });
  });

  test('drained externally on one of two balancers', async () => {
    const scene = await fleetScene();
    scene.lb('lb-2').command('set server gateways/gw-1 state drain');
    expect(await seen(scene, 'gw-1')).toMatchObject({ inTraffic: true, held: true, drainedByRun: false, up: false });
  });

  test('down on all balancers, also when its host is down', async () => {
    const scene = await fleetScene();
    for (const lb of ['lb-1', 'lb-2'] as const) scene.lb(lb).lives('10.0.2.21', false);
    scene.node('gw-1').facts = async () => expect.fail('it was asked');
    await scene.clock.sleep(10_000);
    expect(await seen(scene, 'gw-1')).toMatchObject({ inTraffic: false, held: false, up: false });
  });

  test('behind an unmanaged balancer: the node itself decides, and the reason is shown', async () => {
    const scene = await fleetScene({ pools: unmanaged });
    const waived = 'edge: unmanaged (run by another team)';
    expect(await seen(scene, 'gw-1')).toEqual({
      inTraffic: true,
      held: false,
      drainedByRun: false,
      up: true,
      shown: waived,
    });
    await scene.node('gw-1').engine.stop('api7-gateway', { signal: 'SIGQUIT', timeoutSeconds: 1 });
    expect(await seen(scene, 'gw-1')).toMatchObject({ inTraffic: false, up: false });
    const { rows, codes } = await drained(scene);
    expect({ rows, codes }).toEqual({ rows: [], codes: [] });
  });

  test('an ignored balancer is named with the reason', async () => {
    const scene = await fleetScene({ fleet: { withoutLb: ['lb-2'], reason: 'being replaced' } });
    expect((await seen(scene, 'gw-1'))?.shown).toBe(
      'gateways on lb-1: up, 0 sessions; gateways on lb-2: ignored (being replaced)',
    );
  });

  test('whether its balancers count its sessions', async () => {
    const scene = await fleetScene();
    const balancing = nodeBalancingOf(scene.inventory, 'gw-1', new Set()) ?? expect.fail();
    const counts = (sessions: number | null) => {
      const server = { name: 'a', state: 'drained', sessions, setting: {}, sticky: false } as const;
      const views = balancing.poolMembers.map((poolMember) => ({
        poolMember,
        view: { servers: [server], epoch: '', lease: null, leaseDigest: null, held: [] },
      }));
      return nodeView({ balancing, views, containers: [], withoutReason: '' });
    };
    expect(counts(0)).not.toHaveProperty('uncounted');
    expect(counts(null)).toMatchObject({ inTraffic: false, uncounted: true });
  });

  test('counters by balancer', async () => {
    const scene = await fleetScene();
    scene.lb('lb-1').request('gateways', undefined)?.end();
    const { value } = await scene.run('gw-1', () => scene.traffic('gw-1').counters());
    expect(Object.entries(value ?? {}).map(([name, { requests }]) => [name, requests])).toEqual([
      ['gateways on lb-1', 1],
      ['gateways on lb-2', 0],
    ]);
  });

  test('the control plane has too few requests and is not compared', async () => {
    const scene = await fleetScene();
    expect((await scene.run('cp-1', () => scene.traffic('cp-1').counters())).value).toEqual({});
  });

  test('diagnostics of each container of the node', async () => {
    const scene = await fleetScene();
    const { value } = await scene.run('cp-1', () => scene.traffic('cp-1').collectDiagnostics());
    expect(value?.map(({ container, status }) => [container, status])).toEqual([
      ['api7-dashboard', 'running'],
      ['api7-dp-manager', 'running'],
    ]);
  });
});

describe('DP Manager, whose clients stay connected', () => {
  const watched = async () => {
    const scene = await fleetScene();
    const watches = [1, 2, 3].map(() => scene.lb('lb-1').request('dp_managers', undefined));
    return { scene, watches };
  };

  test('does not wait until it is idle', async () => {
    const { scene } = await watched();
    expect((await drained(scene, 'cp-1')).codes).toEqual([]);
    expect(scene.clock.now()).toBeLessThan(60_000);
  });

  test('waits for its clients to reconnect after its restart, or fails', async () => {
    const { scene, watches } = await watched();
    await drained(scene, 'cp-1');
    for (const watch of watches) watch?.end();
    await scene.run('cp-1', () => scene.traffic('cp-1').restore());
    const back = () => scene.run('cp-1', () => scene.traffic('cp-1').waitInService());
    expect((await back()).codes).toEqual(['NOT_RECONNECTED']);
    for (const _ of watches) scene.lb('lb-1').request('dp_managers', undefined);
    expect((await back()).codes).toEqual([]);
  });

  test('its clients may reconnect through another balancer: their sum counts', async () => {
    const { scene, watches } = await watched();
    await drained(scene, 'cp-1');
    for (const watch of watches) watch?.end();
    await scene.run('cp-1', () => scene.traffic('cp-1').restore());
    scene.lb('lb-1').request('dp_managers', undefined);
    const back = () => scene.run('cp-1', () => scene.traffic('cp-1').waitInService());
    scene.lb('lb-2').request('dp_managers', undefined);
    expect((await back()).codes).toEqual(['NOT_RECONNECTED']);
    scene.lb('lb-2').request('dp_managers', undefined);
    expect((await back()).codes).toEqual([]);
  });

  test('is not drained when no other one is up, unless an outage was confirmed', async () => {
    const scene = await fleetScene();
    const guard = () => scene.run('cp-1', () => scene.traffic('cp-1').checkDependencies());
    expect((await guard()).codes).toEqual([]);
    scene.lb('lb-2').command('set server dp_managers/dp-cp-2 state maint');
    expect((await guard()).codes).toEqual(['NO_OTHER_MEMBER_UP']);
    expect(
      scene.fleet.poolsEmptiedBy(
        ['cp-1'],
        () => 1,
        (node) => node === 'cp-1',
      ),
    ).toEqual(['dashboards', 'dp_managers']);
    expect((await guard()).codes).toEqual([]);
  });
});

test('a DP Manager without clients is repaired though no other one is up', async () => {
  const scene = await fleetScene();
  const watch = scene.lb('lb-1').request('dp_managers', undefined);
  for (const lb of ['lb-1', 'lb-2'] as const)
    for (const address of ['10.0.1.11', '10.0.1.12']) scene.lb(lb).lives(address, false);
  await scene.clock.sleep(10_000);
  const guard = (node: string) => scene.run(node, () => scene.traffic(node).checkDependencies());
  const [holds = '', free = ''] = watch?.server === 'dp-cp-1' ? ['cp-1', 'cp-2'] : ['cp-2', 'cp-1'];
  expect((await guard(free)).codes).toEqual([]);
  expect((await guard(holds)).codes).toEqual(['NO_OTHER_MEMBER_UP']);
  watch?.end();
  expect((await guard(holds)).codes).toEqual([]);
});

describe('gates before a gateway is restored', () => {
  const probed = (answers: Readonly<Record<string, number>>) =>
    fleetScene({
      http: (_host, { path, host }) => ({ status: answers[`${host ?? ''}${path}`] ?? 200, body: '' }),
    });
  const ready = async (scene: FleetScene, probe?: { path: string; host: string; status: number }) => {
    const inventory = scene.inventory;
    if (probe !== undefined) for (const group of inventory.gatewayGroups.values()) Object.assign(group, { probe });
    return (await scene.run('gw-1', () => scene.traffic('gw-1').waitReady())).codes;
  };

  test('the gateway is healthy, has its configuration, and responds to a request of the operator', async () => {
    const probe = { path: '/orders', host: 'shop.example.com', status: 201 };
    expect(await ready(await probed({ 'shop.example.com/orders': 201 }), probe)).toEqual([]);
    expect(await ready(await probed({ 'shop.example.com/orders': 502 }), probe)).toEqual(['NOT_READY']);
  });

  test.each([
    [404, []],
    [503, ['NOT_READY']],
  ])('/status/ready returns %i', async (status, codes) => {
    expect(await ready(await probed({ '/status/ready': status }))).toEqual(codes);
  });

  test('a container that exits again and again is reported at once', async () => {
    const scene = await fleetScene({ http: () => null });
    scene.node('gw-1').engine.crash('api7-gateway', 1);
    expect(await ready(scene)).toEqual(['CONTAINER_EXITED']);
  });
});

describe('the fleet', () => {
  test('is every host in any pool; a pool counts with all its members', async () => {
    const { fleet } = await fleetScene();
    expect(['gw-1', 'cp-1'].map((node) => fleet.traffic(node) !== undefined)).toEqual([true, true]);
    expect(fleet.traffic('lb-1')).toBeUndefined();
    const pools = (node: string) => fleet.poolsOf([node]).map(({ name, members }) => [name, members]);
    expect(pools('gw-2')).toEqual([['gateways', ['gw-1', 'gw-2', 'gw-3']]]);
    expect(pools('cp-1')).toEqual([
      ['dashboards', ['cp-1', 'cp-2']],
      ['dp_managers', ['cp-1', 'cp-2']],
    ]);
    expect(pools('lb-1')).toEqual([]);
  });

  test.each<[string, readonly string[], number, readonly string[], readonly string[]]>([
    ['one of three', ['gw-1'], 1, [], []],
    ['all three, one after another', ['gw-1', 'gw-2', 'gw-3'], 1, [], []],
    ['all three at once', ['gw-1', 'gw-2', 'gw-3'], 3, [], ['gateways']],
    ['the last serving node', ['gw-1'], 1, ['gw-2', 'gw-3'], ['gateways']],
    ['one that does not serve', ['gw-2'], 1, ['gw-2', 'gw-3'], []],
    ['one of two serving nodes', ['gw-1', 'gw-2'], 1, ['gw-3'], []],
    ['both serving nodes', ['gw-1', 'gw-2'], 2, ['gw-3'], ['gateways']],
    ['no node serves before', ['gw-1'], 1, ['gw-1', 'gw-2', 'gw-3'], []],
  ])('empties a pool: %s', async (_, nodes, atOnce, out, pools) => {
    const { fleet } = await fleetScene();
    expect(
      fleet.poolsEmptiedBy(
        nodes,
        () => atOnce,
        (node) => !out.includes(node),
      ),
    ).toEqual(pools);
  });

  test('timeouts are shown with their sources, and must be consistent', async () => {
    const chain = async (scene: FleetScene) => (await scene.run('gw-1', () => scene.traffic('gw-1').deadlines())).value;
    const scene = await fleetScene();
    scene.configure('lb-1', 'backend gateways\n  default-server inter 4s fall 5\n  server gw-1 10.0.2.21:9080 check\n');
    const good = await chain(scene);
    expect(good?.faults).toEqual([]);
    expect(good?.links.map(({ name, ms, source }) => `${name}: ${ms} ${source}`)).toEqual([
      'failure detection, gateways on lb-1: 20000 lb-1:/etc/haproxy/haproxy.cfg (check interval × fall)',
      'failure detection, gateways on lb-2: 6000 assumed (check interval × fall)',
      expect.stringMatching(/^longest_request, gateways: \d+ /),
      expect.stringMatching(/^drain\.within, gateways: \d+ /),
      'worker_shutdown_timeout: 240000 effective configuration',
      'stop timeout: 250000 worker_shutdown_timeout + 10s',
    ]);
    const bad = await chain(await fleetScene({ pools: drainAs({ withinMs: 1000 }) }));
    expect(bad?.faults).toEqual([
      expect.stringMatching(/^drain\.within, gateways 1s .* is shorter than longest_request/),
    ]);
  });
});
