import { expect, test } from 'vitest';
import { z } from 'zod';
import { OrchError } from '../../../src/core/base/errors.ts';
import { play } from '../../../src/core/play/play.ts';
import type { RollingOptions } from '../../../src/core/play/rolling.ts';
import { defineQuery } from '../../../src/core/task/define-query.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { drainMember } from '../../../src/lb/drain-member.ts';
import { haproxy } from '../../../src/lb/haproxy/haproxy.ts';
import { leasePath } from '../../../src/lb/lease.ts';
import { upInBalancers } from '../../../src/traffic/gates/up-in-balancers.ts';
import { apply } from '../../contract/carry-out.ts';
import { errorsIn, warningsIn } from '../../support/base/events.ts';
import { runPlays } from '../../support/cluster/run-fake.ts';
import { ends } from '../../support/cluster/toy-cluster.ts';
import { replaced } from '../../support/cluster/toy-tasks.ts';
import { type FleetScene, fleetScene, WAITING } from '../../traffic/fleet-scene.ts';

const NODES = ['gw-1', 'gw-2', 'gw-3'];
const BALANCERS = ['lb-1', 'lb-2'] as const;
const HERS = { by: 'ada@desk', reason: 'new disks', kind: 'hand', how: 'drained' } as const;

const ROOT = { mode: '0644', owner: 'root', group: 'root' } as const;

/** An event on a host in the middle of a program. */
const happens = defineQuery({
  kind: 'happens',
  params: z.object({ what: z.custom<() => Promise<void>>() }),
  look: ({ what }) => what(),
});

/**
 * A rolling change of the shipped example's gateways with the real engine, machine, fleet and driver. HAProxy and hosts are
 * fakes.
 */
function roll(scene: FleetScene, rolling: RollingOptions = {}, late: (node: string) => Promise<void> = async () => {}) {
  for (const name of NODES) scene.node(name).files.write('/app', Buffer.from('old'), ROOT);
  return runPlays(
    scene.hosts,
    function* () {
      yield* play({
        name: 'roll',
        hosts: 'gateways',
        rolling: { soak: '0s', ...rolling },
        *tasks({ name }): Steps {
          yield replaced({ path: '/app', content: 'new' });
          yield* happens({ what: () => late(name) });
        },
      });
    },
    {
      fleet: scene.fleet,
      clock: scene.clock,
      select: () => NODES.map((name) => ({ name, address: '', groups: [], vars: {} })),
      restoreCommand: (node) => `lb restore ${node}`,
    },
  );
}

const drains = async (
  scene: FleetScene,
  node: string,
  how: Omit<Parameters<typeof drainMember>[0], 'balancer' | 'member'>,
) => {
  for (const name of BALANCERS) {
    const balancer = haproxy({ pool: 'gateways', host: name, socket: '/run/haproxy/admin.sock' });
    const member = { node, address: scene.inventory.hosts.get(node)?.address ?? '', port: 9080 };
    const wait = (ms: number) => scene.clock.sleep(ms);
    await apply({ host: scene.node(name), wait }, drainMember({ ...how, balancer, member }));
  }
};

/** An event right before the host of a balancer runs replacement number `nth` of a lease. */
function atSwap(scene: FleetScene, nth: number, meet: () => Promise<unknown>): void {
  const host = scene.node('lb-1');
  const swap = host.swapFile.bind(host);
  let swaps = 0;
  host.swapFile = async (...words) => {
    if (++swaps === nth) await meet();
    return await swap(...words);
  };
}

const leaseOf = (scene: FleetScene, node: string) =>
  BALANCERS.map((name) => JSON.parse(scene.node(name).fileText(leasePath('gateways', node)) ?? 'null'));

const appOf = (scene: FleetScene, node: string) => scene.node(node).fileText('/app');

test('an operator drains the node between the read and the write of a run: the node stays held, and the operator is named', async () => {
  const scene = await fleetScene();
  atSwap(scene, 1, () => drains(scene, 'gw-1', HERS));
  const run = await roll(scene);
  expect(ends(run.events)).toMatchObject({ 'gw-1': 'skipped', 'gw-2': 'untouched' });
  expect(run.codes[0]).toBe('NODE_HELD');
  const told = errorsIn(run.events).map(({ message }) => message);
  expect(told[0]).toMatch(/gw-1 is held on gateways on lb-1: drained by ada@desk since .* \(new disks\)/);
  expect(appOf(scene, 'gw-1')).toBe('old');
  expect(await scene.orders('gw-1')).toEqual(['drain', 'drain']);
  expect(leaseOf(scene, 'gw-1')).toEqual([expect.objectContaining(HERS_LEASE), expect.objectContaining(HERS_LEASE)]);
});

test('an operator drains all other nodes between the read and the lease of a run: the run stops and names the operator', async () => {
  const scene = await fleetScene();
  atSwap(scene, 1, async () => {
    for (const name of ['gw-2', 'gw-3']) await drains(scene, name, HERS);
  });
  const run = await roll(scene);
  expect(ends(run.events)).toMatchObject({ 'gw-1': 'untouched', 'gw-2': 'untouched' });
  const [error] = errorsIn(run.events);
  expect(error).toMatchObject({
    code: 'NO_OTHER_MEMBER_UP',
    message: expect.stringMatching(
      /takes the requests of gw-1: gw-2 is being drained by ada@desk since .* \(new disks\)/,
    ),
  });
  expect(appOf(scene, 'gw-1')).toBe('old');
  // The drain was not even sent.
  expect(scene.lb('lb-1').asked.filter((text) => text.includes('gateways/gw-1 state drain'))).toEqual([]);
  expect(leaseOf(scene, 'gw-1')).toEqual([null, null]);
  expect(leaseOf(scene, 'gw-2')).toEqual([expect.objectContaining(HERS_LEASE), expect.objectContaining(HERS_LEASE)]);
});

const HERS_LEASE = { by: 'ada@desk', reason: 'new disks', kind: 'hand' };

test.each([2, 3])(
  'an operator drains while a run restores (swap %i): the node stays drained, and both are reported',
  async (nth) => {
    const scene = await fleetScene();
    atSwap(scene, nth, () => drains(scene, 'gw-1', HERS));
    const run = await roll(scene);
    expect(appOf(scene, 'gw-1')).toBe('new');
    expect(await scene.orders('gw-1')).toEqual(['drain', 'drain']);
    expect(leaseOf(scene, 'gw-1')).toEqual([expect.objectContaining(HERS_LEASE), expect.objectContaining(HERS_LEASE)]);
    const end = run.events.find((event) => event.type === 'roll.end');
    expect(end?.type === 'roll.end' && end.nodes['gw-1']).toMatchObject({ state: 'done', traffic: 'out' });
    const warnings = warningsIn(run.events);
    expect(warnings).toContainEqual(expect.stringMatching(/drained meanwhile by ada@desk since .* \(new disks\)/));
    // The operator's node uses the whole budget.
    expect(run.codes).toEqual(['BUDGET_EXHAUSTED']);
    expect(appOf(scene, 'gw-2')).toBe('old');
  },
);

/** The drain of another run. */
const OTHERS = { by: 'ci@build', reason: 'api7-orch, cluster prod', how: 'drained', run: 'another' } as const;

/** While this run waits for requests at gw-1, another run or an operator drains it, and the requests end. */
function drainedDuringWait(scene: FleetScene, by: Parameters<typeof drains>[2]): void {
  scene.connections.set('gw-1', WAITING);
  let done = false;
  scene.onSleep = (now) => {
    if (now < 3000 || done) return;
    done = true;
    void drains(scene, 'gw-1', by).then(() => scene.connections.delete('gw-1'));
  };
}

test('an operator drains during the wait until idle: the node is not changed', async () => {
  const scene = await fleetScene();
  drainedDuringWait(scene, HERS);
  const run = await roll(scene);
  expect(run.codes[0]).toBe('NODE_HELD');
  expect(appOf(scene, 'gw-1')).toBe('old');
  expect(leaseOf(scene, 'gw-1')[0]).toMatchObject(HERS_LEASE);
});

test('another run takes over the node: this run reports what it finds as the work of the other run', async () => {
  const scene = await fleetScene();
  const run = await roll(scene, {}, async (node) => {
    // The gateway is also checked before the change.
    if (appOf(scene, node) !== 'new') return;
    await drains(scene, node, OTHERS);
    throw new OrchError('NOT_STEADY', 'container api7-gateway has ended with exit code 0', { host: node });
  });
  const [error] = errorsIn(run.events);
  expect(error).toMatchObject({
    code: 'NODE_TAKEN',
    host: 'gw-1',
    message: expect.stringMatching(/another run works on gw-1: ci@build since .*has ended with exit code 0/),
  });
  // The other run must restore the node.
  expect(leaseOf(scene, 'gw-1')[0]).toMatchObject({ run: 'another' });
  expect(await scene.orders('gw-1')).toEqual(['drain', 'drain']);
});

test('another run takes over the node before its change: the node is not changed', async () => {
  const scene = await fleetScene();
  drainedDuringWait(scene, OTHERS);
  const run = await roll(scene);
  expect(run.codes).toEqual(['NODE_TAKEN']);
  expect(appOf(scene, 'gw-1')).toBe('old');
});

test.each([
  ['of a balancer', (scene: FleetScene): void => void scene.lb('lb-2').request('gateways')],
  ['at the node', (scene: FleetScene): void => void scene.connections.set('gw-1', WAITING)],
] as const)(
  'a balancer is reloaded while requests %s are waited for: drained again, well before the time is up',
  async (_where, begin) => {
    const scene = await fleetScene();
    begin(scene);
    let reloadedAt = 0;
    let drainsSoon = 0;
    const drainsOn = () =>
      scene.lb('lb-2').asked.filter((text) => text === 'set server gateways/gw-1 state drain').length;
    scene.onSleep = (now) => {
      if (now >= 1000 && reloadedAt === 0) {
        reloadedAt = now;
        scene.lb('lb-2').reload();
        // New clients come through the balancer that lost the drain.
        for (let i = 0; i < 3; i++) scene.lb('lb-2').request('gateways');
      }
      if (reloadedAt > 0 && now <= reloadedAt + 8000) drainsSoon = drainsOn();
      if (now > reloadedAt + 12_000) {
        scene.connections.delete('gw-1');
        scene.lb('lb-2').endAll();
      }
    };
    const run = await roll(scene, { maxFailures: 0 });
    expect(run.codes).toEqual([]);
    expect(drainsSoon).toBe(2);
    const warned = run.events.filter(({ type }) => type === 'warning');
    expect(warned).toContainEqual(
      expect.objectContaining({
        host: 'gw-1',
        message: expect.stringMatching(/lb-2: drain of gw-1 lost.*it is drained again/),
      }),
    );
    expect(appOf(scene, 'gw-1')).toBe('new');
  },
);

test('a balancer that takes no orders refuses the run before the first drain, and no lease remains', async () => {
  const scene = await fleetScene();
  scene.lb('lb-2').level = 'operator';
  const run = await roll(scene);
  expect(run.codes).toEqual(['HAPROXY_DENIED']);
  expect(run.report.exitCode).toBe(2);
  expect(leaseOf(scene, 'gw-1')).toEqual([null, null]);
  expect(await scene.orders('gw-1')).toEqual(['free', 'free']);
  expect(appOf(scene, 'gw-1')).toBe('old');
});

test('a balancer that sends requests to a port of no pool is reported before the first drain', async () => {
  const extra = { backend: 'web_tls', name: 'tls-1', address: '10.0.2.21', port: 9443 };
  const scene = await fleetScene({ more: [extra] });
  const run = await roll(scene);
  expect(run.codes).toEqual([]);
  const at = (fits: (event: (typeof run.events)[number]) => boolean) => run.events.findIndex(fits);
  const warned = at((event) => event.type === 'warning' && /web_tls, server tls-1, port 9443/.test(event.message));
  const drained = at((event) => event.type === 'roll.step' && event.step === 'drain');
  expect(warned).toBeGreaterThanOrEqual(0);
  expect(warned).toBeLessThan(drained);
});

test('a pool on that port has the node drained and restored there, too, without a warning', async () => {
  const extra = NODES.map((_, i) => ({
    backend: 'web_tls',
    name: `tls-${i + 1}`,
    address: `10.0.2.2${i + 1}`,
    port: 9443,
  }));
  const scene = await fleetScene({
    more: extra,
    pools: (pools) => {
      const gateways = pools.get('gateways');
      if (gateways === undefined) throw new Error('the example has no pool of that name');
      return new Map([...pools, ['gateways_tls', { ...gateways, name: 'gateways_tls', port: 9443 }]]);
    },
  });
  for (const name of BALANCERS)
    scene.configure(
      name,
      'global\n  server-state-file /var/lib/haproxy/state\ndefaults\n  load-server-state-from-file global\nbackend gateways\n  balance roundrobin\nbackend web_tls\n  balance roundrobin\n',
    );
  let drained: readonly string[] = [];
  const run = await roll(scene, {}, async (node) => {
    if (node === 'gw-1') drained = [...(await scene.orders('gw-1')), ...(await scene.orders('tls-1'))];
  });
  expect(run.codes).toEqual([]);
  expect(run.events.filter(({ type }) => type === 'warning')).toEqual([]);
  expect(drained).toEqual(['drain', 'drain', 'drain', 'drain']);
  expect([...(await scene.orders('gw-1')), ...(await scene.orders('tls-1'))]).toEqual(Array(4).fill('free'));
  expect(NODES.map((node) => appOf(scene, node))).toEqual(['new', 'new', 'new']);
});

const LEGACY = NODES.map((node, i) => ({ backend: 'legacy', name: node, address: `10.0.2.2${i + 1}`, port: 9080 }));

/** HAProxy checks the backend `legacy` with a check that these nodes fail. */
const failing = (scene: FleetScene, ...nodes: readonly string[]): void => {
  for (const name of BALANCERS) for (const node of nodes) scene.lb(name).fails(`legacy/${node}`);
};

test('a backend that is down altogether before the rolling change fails no node', async () => {
  const scene = await fleetScene({ more: LEGACY });
  failing(scene, ...NODES);
  await scene.clock.sleep(10_000);
  const run = await roll(scene);
  expect(run.codes).toEqual([]);
  expect(NODES.map((node) => appOf(scene, node))).toEqual(['new', 'new', 'new']);
  expect(await scene.orders('gw-1')).toEqual(['free', 'free']);
});

test('a backend with one node down before the rolling change: the node is changed, and its budget use is named', async () => {
  const begin = async () => {
    const scene = await fleetScene({ more: LEGACY });
    failing(scene, 'gw-1');
    await scene.clock.sleep(10_000);
    return scene;
  };
  const scene = await begin();
  const run = await roll(scene);
  expect(ends(run.events)).toMatchObject({ 'gw-1': 'done', 'gw-2': 'untouched' });
  expect(await scene.orders('gw-1')).toEqual(['free', 'free']);
  const [error] = errorsIn(run.events);
  expect(error).toMatchObject({
    code: 'BUDGET_EXHAUSTED',
    message: expect.stringContaining('gw-1 (legacy/gw-1 is down on lb-1'),
  });
  const two = await begin();
  expect((await roll(two, { maxUnavailable: 2, batch: 1 })).codes).toEqual([]);
  expect(NODES.map((node) => appOf(two, node))).toEqual(['new', 'new', 'new']);
});

test('a backend that reports the node down only after the change fails the node', async () => {
  const scene = await fleetScene({ more: LEGACY });
  const run = await roll(scene, {}, async (node) => {
    if (appOf(scene, node) === 'new') failing(scene, node);
  });
  expect(run.codes[0]).toBe('LB_MEMBER_NOT_UP');
  expect(ends(run.events)).toMatchObject({ 'gw-1': 'failed', 'gw-2': 'untouched' });
});

test('a node that an operator holds is refused with its name, the operator and the reason', async () => {
  const scene = await fleetScene();
  await drains(scene, 'gw-1', HERS);
  const run = await roll(scene);
  const [error] = errorsIn(run.events);
  expect(error).toMatchObject({
    code: 'NODE_HELD',
    message: expect.stringMatching(/^gw-1 is held: drained by ada@desk since .* \(new disks\)$/),
  });
  expect(run.report.exitCode).toBe(2);
});

test('a drain of a run that nothing restores ends the wait for the node at once', async () => {
  const scene = await fleetScene();
  await drains(scene, 'gw-1', OTHERS);
  const begun = scene.clock.now();
  const { codes, messages } = await scene.run('gw-1', () => upInBalancers(scene.inventory, { name: 'gw-1' }, 9080));
  expect(codes).toEqual(['NOT_RESTORED']);
  expect(messages[0]).toMatch(/gw-1 is still drained by ci@build since/);
  expect(scene.clock.now() - begun).toBeLessThan(5000);
});
