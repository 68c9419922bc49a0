import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { breakHost, cutSsh } from './faults.ts';
import { inventoryWith } from './inventory-with.ts';
import type { Lab } from './lab.ts';
import { hostsOf } from './lab-file.ts';
import { type LoadOptions, type LoadReport, startLoad } from './load.ts';
import { type OrchRun, orch, type RunMoment } from './orch.ts';
import {
  gatewayStarts,
  leases,
  mendFleet,
  notServing,
  restartedBetween,
  rollingLab,
  setByHand,
  standings,
} from './rolling-scene.ts';
import { balancerSampler, type OutOfService } from './sampler.ts';

// Each of the six takes the better part of a minute: requests of 20 s, a soak of 10 s.
vi.setConfig({ testTimeout: 1_200_000 });

/** Where what happens to nodes matters, not what happens to long requests. */
const lively: LoadOptions = { slow: 0, websockets: 2 };
/** Enough to compare, at 200 requests a second. */
const brief = ['-e', 'soak=5s'];

let lab: Lab;
let gateways: readonly string[];
beforeAll(async () => {
  lab = await rollingLab();
  await lab.reset();
  gateways = hostsOf(lab.file, 'data_plane');
  const installed = await orch(['run', 'install', '-i', lab.inventory]);
  expect({ code: installed.code, errors: installed.end?.errors }).toEqual({ code: 0, errors: [] });
});
beforeEach(() => mendFleet(lab));
afterAll(() => lab?.down());

interface Rolled {
  readonly run: OrchRun;
  readonly load: LoadReport;
  /** By balancer; in each the worse of its HTTP and TCP backends. */
  readonly away: readonly OutOfService[];
  readonly restarted: readonly string[];
}

interface RollOptions {
  readonly playbook?: string;
  readonly inventory?: string;
  readonly more?: readonly string[];
  readonly load?: LoadOptions;
  readonly onEvent?: (event: RunMoment) => void;
}

/** A roll with a load around it, watched at the balancers' own sockets. */
async function roll(options: RollOptions = {}): Promise<Rolled> {
  const before = await gatewayStarts(lab);
  const samplers = await Promise.all([balancerSampler(lab), balancerSampler(lab, 'gateways_tcp')]);
  const load = await startLoad(lab, options.load);
  await sleep(3000);
  const playbook = options.playbook ?? 'rolling-restart';
  const run = await orch(
    ['run', playbook, '-i', options.inventory ?? lab.inventory, ...(options.more ?? [])],
    options.onEvent ? { onEvent: options.onEvent } : {},
  );
  await sleep(3000);
  const report = await load.stop();
  const away = await Promise.all(samplers.map((sampler) => sampler.stop()));
  return {
    run,
    load: report,
    away: away.flatMap((balancers) => Object.values(balancers)),
    restarted: restartedBetween(before, await gatewayStarts(lab)),
  };
}

/** Hosts in the order in which a step of theirs began first. */
function order(run: OrchRun, step: string): readonly string[] {
  return [...new Set(run.steps.filter((of) => of.step === step && of.status === 'begun').map(({ host }) => host))];
}

describe('a roll of six gateways under 200 requests a second', () => {
  test('breaks off no request, raises no counter, and never has more than one of them out', async () => {
    const { run, load, away, restarted } = await roll();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(restarted).toEqual(gateways);
    expect({ errors: load.errors, risen: load.risen }).toEqual({ errors: {}, risen: {} });
    expect(load.good).toBe(load.sent);
    // It was a load, of every kind, through both kinds of frontend.
    expect(load.sent).toBeGreaterThan(load.seconds * 180);
    for (const kind of ['get', 'post', 'slow', 'websocket'])
      for (const frontend of ['http', 'tcp']) expect(load.clients[`${kind} ${frontend}`]?.good).toBeGreaterThan(0);
    for (const balancer of away) {
      expect(balancer).toMatchObject({ ever: gateways, mostAtOnce: 1, unanswered: 0 });
      // Half of those that were due, for a machine with more to do.
      expect(balancer.samples).toBeGreaterThan(load.seconds * 10);
    }
    expect(await notServing(lab)).toEqual([]);
    expect(await leases(lab)).toEqual([]);
  });

  test.each([
    { how: 'with draining switched off', playbook: 'rolling-restart' },
    {
      how: 'with draining switched off and a stop time-out of one second',
      playbook: join(import.meta.dirname, 'playbooks/hasty-restart.ts'),
    },
  ])('shows errors $how: the test above can fail', async ({ playbook }) => {
    const inventory = await inventoryWith(lab, 'undrained', (text) =>
      text.replace(
        / {2}gateways: \{ driver: haproxy.*\n/,
        '  gateways: { driver: none, members: data_plane, reason: "to see what happens" }\n',
      ),
    );
    const { run, load, restarted } = await roll({ playbook, inventory });
    expect({ code: run.code, restarted }).toEqual({ code: 0, restarted: gateways });
    expect(load.sent - load.good).toBeGreaterThan(10);
    expect(Object.keys(load.risen).join()).toMatch(/gateways\/gw-\d (econ|eresp)/);
  });
});

describe('what is not as it should be before the roll', () => {
  test('two gateways broken by hand are repaired first; one that a colleague put in maintenance stays there', async () => {
    await Promise.all([lab.exec('gw-3', 'docker stop api7-gateway'), lab.exec('gw-5', 'docker kill api7-gateway')]);
    await setByHand(lab, 'gw-6', 'maint');
    await sleep(5000);
    // Held counts as unavailable: with room for one more, the others go one at a time.
    const { run, load, restarted } = await roll({
      load: lively,
      more: [...brief, '--include-held', '-e', 'max_unavailable=2'],
    });
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(restarted).toEqual(gateways);
    expect(order(run, 'ready').slice(0, 2).toSorted()).toEqual(['gw-3', 'gw-5']);
    expect({ errors: load.errors, good: load.good }).toEqual({ errors: {}, good: load.sent });
    expect((await notServing(lab)).map((name) => name.split('/')[1])).toEqual(['gw-6', 'gw-6', 'gw-6', 'gw-6']);
    for (const [name, { admin }] of Object.entries(await standings(lab)))
      expect({ name, admin }).toEqual({ name, admin: name.endsWith('gw-6') ? 1 : 0 });
    expect(await leases(lab)).toEqual([]);
  });

  test('a gateway that a colleague put in maintenance is not touched unless that is asked for', async () => {
    await setByHand(lab, 'gw-6', 'maint');
    const { run, load, restarted } = await roll({ load: lively, more: [...brief, '-e', 'max_unavailable=2'] });
    expect(restarted).toEqual(gateways.filter((name) => name !== 'gw-6'));
    expect({ code: run.code, state: run.nodes['gw-6']?.state }).toEqual({ code: 3, state: 'skipped' });
    expect((await notServing(lab)).every((name) => name.endsWith('/gw-6'))).toBe(true);
    expect(load.errors).toEqual({});
  });
});

describe('what goes wrong in the middle of the roll', () => {
  test('all SSH connections cut at once for a minute: it holds, connects again, and ends well', async () => {
    let cut: Promise<void> | undefined;
    const { run, load, away, restarted } = await roll({
      load: lively,
      more: brief,
      onEvent: (event) => {
        if (event.type === 'roll.step' && event.host === 'gw-2' && event.step === 'prove') cut ??= cutSsh(lab, 60);
      },
    });
    await cut;
    expect(cut).toBeDefined();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(restarted).toEqual(gateways);
    expect({ errors: load.errors, risen: load.risen }).toEqual({ errors: {}, risen: {} });
    expect(Math.max(...away.map(({ mostAtOnce }) => mostAtOnce))).toBe(1);
    expect(await leases(lab)).toEqual([]);
  });

  test('one of two fails its gate while the other loses its network: nothing else is touched', async () => {
    // The next start of gw-1 will not get through.
    await lab.exec('gw-1', "printf 'apisix: [\\n' > /opt/api7/gateway_conf/config.yaml");
    let broken: Promise<void> | undefined;
    const { run, load, restarted } = await roll({
      load: lively,
      more: [...brief, '-e', 'batch=2', '-e', 'max_unavailable=2'],
      onEvent: (event) => {
        if (event.type === 'task.end' && event.host === 'gw-2' && event.task.startsWith('restarted'))
          broken ??= breakHost(lab.docker, lab.file, 'gw-2', 'network');
      },
    });
    await broken;
    expect(broken).toBeDefined();
    expect(run.code).toBe(3);
    const states = Object.fromEntries(Object.entries(run.nodes).map(([name, { state }]) => [name, state]));
    const untouched = Object.fromEntries(gateways.slice(2).map((name) => [name, 'untouched']));
    expect(states).toEqual({ 'gw-1': 'failed', 'gw-2': 'failed', ...untouched });
    expect(restarted.filter((name) => name !== 'gw-1' && name !== 'gw-2')).toEqual([]);
    for (const name of ['gw-1', 'gw-2']) {
      expect(run.nodes[name]).toMatchObject({ traffic: 'out', cause: expect.any(String) });
      expect(run.nodes[name]?.next).toMatch(/^api7-orch /);
    }
    // Neither gets requests while it is away, and the others do.
    expect(new Set((await notServing(lab)).map((name) => name.split('/')[1]))).toEqual(new Set(['gw-1', 'gw-2']));
    expect(load.good).toBeGreaterThan(0);
  });
});
