import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { all } from './all.ts';
import { inventoryWith } from './config/inventory-with.ts';
import { breakHost, cutSsh } from './faults/break-host.ts';
import type { Lab } from './lab.ts';
import { type LoadOptions, type LoadReport, startLoad } from './load/load.ts';
import { hostNames, hostsOf } from './plan/lab-file.ts';
import { label, labelled } from './plan/labels.ts';
import { balancerSampler, type OutOfService } from './samplers/sampler.ts';
import { labCli } from './scenes/lab-cli.ts';
import { leaseRaces } from './scenes/lease-races.ts';
import { type OrchRun, orch, type RunMoment } from './scenes/orch.ts';
import {
  gatewayStarts,
  leases,
  notServing,
  quickInventory,
  repairFleet,
  restartedBetween,
  rollingLab,
  serverStates,
  setExternally,
} from './scenes/rolling-scene.ts';

// Six nodes, each with requests of 5 s and a soak.
vi.setConfig({ testTimeout: 1_200_000 });

/** For tests about nodes, not about long requests. */
const lively: LoadOptions = { rate: 80, slow: 0, websockets: 2 };
/** Enough to compare, at 80 requests a second. */
const brief = ['-e', 'soak=3s'];

let lab: Lab;
let quick: string;
let gateways: readonly string[];
beforeAll(async () => {
  lab = await rollingLab();
  quick = await quickInventory(lab);
  gateways = hostsOf(lab.file, 'data_plane');
  const installed = await orch(['run', 'install', '-i', lab.inventory]);
  expect({ code: installed.code, errors: installed.end?.errors }).toEqual({ code: 0, errors: [] });
});
/** A failed test, or one that leaves a node drained on purpose, must not make the next one fail. */
beforeEach(async () => {
  const left = [...(await notServing(lab)), ...(await leases(lab))];
  if (left.length > 0) await repairFleet(lab);
});
afterAll(() => lab?.down());

interface Rolled {
  readonly run: OrchRun;
  readonly load: LoadReport;
  /** A row for each balancer and backend. */
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

/** A rolling change under load, sampled at the balancers' own sockets. */
async function roll(options: RollOptions = {}): Promise<Rolled> {
  const before = await gatewayStarts(lab);
  const sampler = await balancerSampler(lab);
  const load = await startLoad(lab, options.load);
  // Clients begin one after another.
  await sleep(2500);
  const playbook = options.playbook ?? 'rolling-restart';
  const run = await orch(
    ['run', playbook, '-i', options.inventory ?? lab.inventory, ...(options.more ?? [])],
    options.onEvent ? { onEvent: options.onEvent } : {},
  );
  await sleep(1000);
  const report = await load.stop();
  const away = await sampler.stop();
  return {
    run,
    load: report,
    away,
    restarted: restartedBetween(before, await gatewayStarts(lab)),
  };
}

const lateness = ({ late }: LoadReport): string => `timers were late by ${late.toFixed(1)} s at most`;

/** Nodes that are out of service in any backend of any balancer. */
async function nodesOut(): Promise<readonly string[]> {
  return [...new Set((await notServing(lab)).map((name) => name.split('/')[1] ?? ''))].toSorted();
}

/** Hosts in the order of their first steps of this name. */
function order(run: OrchRun, step: string): readonly string[] {
  return [...new Set(run.steps.filter((of) => of.step === step && of.status === 'begun').map(({ host }) => host))];
}

describe('the lab', () => {
  const cli = (...args: readonly string[]) => labCli(lab.directory, ...args);

  test('creates every host, and changes none of them the second time', async () => {
    expect(Object.values(lab.did)).toEqual(hostNames(lab.file).map(() => 'created'));
    const again = await rollingLab();
    expect(Object.values(again.did)).toEqual(hostNames(lab.file).map(() => 'kept'));
    expect(again.file).toEqual(lab.file);
  });

  test('lets ops log in by key, and reach the engine only by sudo', async () => {
    expect(await cli('ssh', 'gw-1', 'id -nG')).toMatchObject({ code: 0, stdout: 'ops\n' });
    expect((await cli('ssh', 'gw-1', 'docker ps')).stderr).toMatch(/permission denied/);
    expect((await cli('ssh', 'gw-1', 'sudo -n docker ps -q')).stdout).toMatch(/^[0-9a-f]+\n$/);
    expect(await cli('ssh', 'gw-1', 'echo out; echo err >&2; exit 7')).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect((await cli('ssh', 'gw-9', 'true')).stderr).toMatch(/gw-9 is no host of the lab/);
  });

  test('publishes on 127.0.0.1 only', async () => {
    const containers = await lab.docker.listContainers({ filters: labelled(label.lab, lab.file.id) });
    const published = containers.flatMap(({ Ports }) => Ports.filter((port) => port.PublicPort !== undefined));
    expect(published.length).toBeGreaterThan(Object.keys(lab.file.hosts).length);
    expect(new Set(published.map((port) => port.IP))).toEqual(new Set(['127.0.0.1']));
  });
});

describe('a rolling change of six gateways under 200 requests a second', () => {
  test('cuts no request, raises no counter, and never has more than one gateway drained', async () => {
    const { run, load, away, restarted } = await roll({ more: ['-e', 'soak=3s'] });
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(restarted).toEqual(gateways);
    expect({ errors: load.errors, risen: load.risen }, lateness(load)).toEqual({ errors: {}, risen: {} });
    expect(load.good).toBe(load.sent);
    // The load had clients of every kind, through both kinds of frontend.
    // Half of what is due: a busy machine sends less.
    expect(load.sent).toBeGreaterThan(load.seconds * 100);
    for (const kind of ['get', 'post', 'slow', 'websocket'])
      for (const frontend of ['http', 'tcp']) expect(load.clients[`${kind} ${frontend}`]?.good).toBeGreaterThan(0);
    for (const balancer of away) {
      expect(balancer).toMatchObject({ ever: gateways, mostAtOnce: 1, unanswered: 0 });
      // Half of the planned requests, for a busy machine.
      expect(balancer.samples).toBeGreaterThan(load.seconds * 5);
    }
    expect(await notServing(lab)).toEqual([]);
    expect(await leases(lab)).toEqual([]);
  });

  const undrained = () =>
    inventoryWith(lab, 'undrained', (text) =>
      text.replace(
        / {2}gateways: \{ driver: haproxy.*\n/,
        '  gateways: { driver: none, members: data_plane, reason: "to see what happens" }\n',
      ),
    );

  test('shows errors without draining and with a stop timeout of one second, so the test above can fail', async () => {
    const playbook = join(import.meta.dirname, 'playbooks/hasty-restart.ts');
    const two = gateways.slice(0, 2);
    const { run, load, restarted } = await roll({
      playbook,
      inventory: await undrained(),
      more: ['--limit', two.join()],
    });
    expect({ code: run.code, restarted }).toEqual({ code: 0, restarted: two });
    expect(load.sent - load.good).toBeGreaterThan(10);
    expect(Object.keys(load.risen).join()).toMatch(/gateways\/gw-\d (econ|eresp)/);
  });

  test.runIf(all)('shows errors without draining alone', async () => {
    const { run, load, restarted } = await roll({ inventory: await undrained() });
    expect({ code: run.code, restarted }).toEqual({ code: 0, restarted: gateways });
    expect(load.sent - load.good).toBeGreaterThan(10);
    expect(Object.keys(load.risen).join()).toMatch(/gateways\/gw-\d (econ|eresp)/);
  });
});

describe('nodes out of service before the rolling change', () => {
  test('stopped gateways are repaired first; one in maintenance is changed only on request and stays there', async () => {
    await Promise.all([lab.exec('gw-3', 'docker stop api7-gateway'), lab.exec('gw-5', 'docker kill api7-gateway')]);
    await setExternally(lab, 'gw-6', 'maint');
    // On both balancers, in both backends: the load must not meet a stopped gateway that one of them has not noticed yet.
    await expect.poll(() => notServing(lab), { timeout: 30_000 }).toHaveLength(12);
    expect(await nodesOut()).toEqual(['gw-3', 'gw-5', 'gw-6']);
    // A node in maintenance counts as unavailable: with room for one more, the others go one at a time.
    const some = ['--limit', 'gw-1,gw-3,gw-5,gw-6'];
    const first = await roll({ load: lively, more: [...brief, ...some, '-e', 'max_unavailable=2'] });
    expect({ code: first.run.code, state: first.run.nodes['gw-6']?.state }).toEqual({ code: 3, state: 'skipped' });
    expect(first.restarted).toEqual(['gw-1', 'gw-3', 'gw-5']);
    expect(order(first.run, 'waitReady').slice(0, 2).toSorted()).toEqual(['gw-3', 'gw-5']);
    expect({ errors: first.load.errors, good: first.load.good }).toEqual({ errors: {}, good: first.load.sent });
    expect(await nodesOut()).toEqual(['gw-6']);

    const second = await roll({ load: lively, more: [...brief, '--include-held', '--limit', 'gw-6'] });
    expect({ code: second.run.code, errors: second.run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(second.restarted).toEqual(['gw-6']);
    expect({ errors: second.load.errors, good: second.load.good }).toEqual({ errors: {}, good: second.load.sent });
    expect(await notServing(lab)).toHaveLength(4);
    for (const [name, { admin }] of Object.entries(await serverStates(lab)))
      expect({ name, admin }).toEqual({ name, admin: name.endsWith('gw-6') ? 1 : 0 });
    expect(await leases(lab)).toEqual([]);
  });
});

leaseRaces(() => lab);

// The daily faults have one under a light load: `bad routes`.
describe.runIf(all)('a release whose routes answer 502, on six gateways under 200 requests a second', () => {
  const broken = (name: string, gateway = '  gateway:') =>
    inventoryWith(lab, name, (text) => text.replaceAll('3.10.5', '3.10.91').replace('  gateway:', gateway));
  const install = async (inventory: string) => {
    const rolled = await roll({ playbook: 'install', inventory, more: ['-l', 'data_plane'] });
    const states = Object.fromEntries(Object.entries(rolled.run.nodes).map(([name, { state }]) => [name, state]));
    const untouched = Object.fromEntries(gateways.slice(1).map((name) => [name, 'untouched']));
    expect({ code: rolled.run.code, states }).toEqual({ code: 4, states: { 'gw-1': 'rolledBack', ...untouched } });
    expect(await notServing(lab)).toEqual([]);
    expect(await leases(lab)).toEqual([]);
    return rolled;
  };

  test('fails at most 40 requests without a probe, and the first gateway goes back', async () => {
    const { run, load } = await install(await broken('broken'));
    expect(run.end?.errors.map(({ code }) => code)).toContain('SOAK_FAILED');
    process.stderr.write(`lab: ${load.sent - load.good} of ${load.sent} requests failed\n`);
    expect(load.sent - load.good).toBeGreaterThan(0);
    expect(load.sent - load.good).toBeLessThanOrEqual(40);
  });

  test('fails none with a probe', async () => {
    const { run, load } = await install(
      await broken('broken-probed', '  gateway:\n    probe: { path: /light, host: shop.example.com }'),
    );
    expect(run.end?.errors.map(({ code }) => code)).toContain('NOT_READY');
    expect({ errors: load.errors, good: load.good }).toEqual({ errors: {}, good: load.sent });
  });
});

describe('faults during the rolling change', () => {
  // The daily faults have one of their own: `all ssh cut`.
  test.runIf(all)('all SSH connections cut at once: the run waits, connects again, and succeeds', async () => {
    let cut: Promise<void> | undefined;
    const { run, load, away, restarted } = await roll({
      load: lively,
      inventory: quick,
      more: [...brief, '--limit', 'gw-2'],
      onEvent: (event) => {
        if (event.type === 'roll.step' && event.host === 'gw-2' && event.step === 'waitIdle') cut ??= cutSsh(lab, 15);
      },
    });
    await cut;
    expect(cut).toBeDefined();
    expect({ code: run.code, errors: run.end?.errors }).toEqual({ code: 0, errors: [] });
    expect(restarted).toEqual(['gw-2']);
    expect({ errors: load.errors, risen: load.risen }, lateness(load)).toEqual({ errors: {}, risen: {} });
    expect(Math.max(...away.map(({ mostAtOnce }) => mostAtOnce))).toBe(1);
    expect(await leases(lab)).toEqual([]);
  });

  // The daily faults have both, one at a time: `never ready` and `network lost`.
  test.runIf(all)('one of two fails its gate while the other loses its network: no other node is changed', async () => {
    // The next start of gw-1 fails.
    await lab.exec('gw-1', "printf 'apisix: [\\n' > /opt/api7/gateway_conf/config.yaml");
    let broken: Promise<void> | undefined;
    const { run, load, restarted } = await roll({
      load: lively,
      inventory: quick,
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
    // Neither gets requests meanwhile, and the others do.
    expect(await nodesOut()).toEqual(['gw-1', 'gw-2']);
    expect(load.good).toBeGreaterThan(0);
  });
});
