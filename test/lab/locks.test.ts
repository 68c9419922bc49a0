import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { all } from './all.ts';
import type { Lab } from './lab.ts';
import { steadyLoad } from './load/traffic.ts';
import { changeSampler } from './samplers/change-sampler.ts';
import { balancerSampler } from './samplers/sampler.ts';
import { daySeed, randomOf } from './scenes/day-seed.ts';
import { SHORT_TTL } from './scenes/killed-run.ts';
import { type OrchOptions, type OrchRun, orch, type RollStep } from './scenes/orch.ts';
import { leases, notServing, repairFleet } from './scenes/rolling-scene.ts';
import { codesOf, installedLab, lockedHosts, quickRun } from './scenes/small-lab.ts';

// Two gateways behind one balancer: the smallest cluster in which a second drained node is an outage.

const seeds = all ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] : [Number(daySeed().slice('day:'.length))];

let lab: Lab;

beforeAll(async () => {
  lab = await installedLab('locks', { controlPlane: 1, dataPlane: 2, loadBalancers: 1 });
});
afterAll(() => lab.down());
// A failed seed must not fail the next one.
beforeEach(() => repairFleet(lab));

const restart = (words: readonly string[] = [], options: OrchOptions = {}): Promise<OrchRun> =>
  quickRun(lab, 'rolling-restart', { words, ...options });

/** The actions of two operators at the same time, as the seed draws them. */
function story(seed: number) {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return {
    limits: [pick([[], [], ['--limit', 'gw-1']]), pick([[], ['--limit', 'gw-1'], ['--limit', 'gw-2']])] as const,
    /** The delay of the second one. */
    delayMs: Math.floor(random() * 10_000),
    waits: random() < 0.5,
    /** At this step of the first node an operator drains it, too. */
    drainAt: pick<string | undefined>([undefined, undefined, 'drain', 'waitIdle', 'apply', 'waitReady']),
  };
}

test.each(seeds)('two operators at the same time, seed %i: one node at most is out of service', async (seed) => {
  const { limits, delayMs, waits, drainAt } = story(seed);
  console.log(`locks ${seed}: ${JSON.stringify({ limits, delayMs, waits, drainAt })}`);
  const sampler = await balancerSampler(lab, ['gateways']);
  const load = steadyLoad(lab.direct('gateways', 'lb-1'));
  let held: string | undefined;
  let draining: Promise<OrchRun> | undefined;
  const drains = ({ step, status, host }: RollStep, send: (signal: NodeJS.Signals) => void): void => {
    if (held !== undefined || step !== drainAt || status !== 'begun') return;
    held = host;
    // Otherwise the run may be at the other node by then, and both are drained as the operator intends.
    send('SIGSTOP');
    draining = orch(['lb', 'drain', host, '-i', lab.inventory, '--reason', 'new disks', '--no-wait']).finally(() =>
      send('SIGCONT'),
    );
  };
  const options: OrchOptions = { onEvent: (event, send) => event.type === 'roll.step' && drains(event, send) };
  const [first, second] = await Promise.all([
    restart(limits[0], options),
    sleep(delayMs).then(() => restart([...limits[1], ...(waits ? ['--lock-wait', '5m'] : [])], options)),
  ]);
  await draining;
  const { bad, sent } = await load.stop();
  const away = await sampler.stop();
  const story_ = JSON.stringify([first, second].map(({ code, end }) => [code, end?.errors]));
  expect(Math.max(...away.map(({ mostAtOnce }) => mostAtOnce)), story_).toBeLessThanOrEqual(1);
  expect({ bad, any: sent > 10 }, story_).toEqual({ bad: {}, any: true });
  expect(await lockedHosts(lab)).toEqual([]);

  for (const each of [first, second]) {
    if (each.code !== 5) continue;
    // Refused before any change.
    expect(waits, story_).toBe(false);
    expect([codesOf(each), each.steps, each.with('changed')]).toEqual([['HOST_LOCKED'], [], []]);
  }
  if (held === undefined) {
    expect([first.code, second.code].filter((code) => code === 0).length, story_).toBeGreaterThanOrEqual(waits ? 2 : 1);
    expect([await leases(lab), await notServing(lab)]).toEqual([[], []]);
  } else {
    expect([(await draining)?.code, await leases(lab)], story_).toEqual([0, [`lb-1: gateways.${held}.json`]]);
    const out = await notServing(lab);
    expect(out.length > 0 && out.every((name) => name.endsWith(`/${held}`)), out.join(' ')).toBe(true);
    expect(await orch(['lb', 'restore', held, '-i', lab.inventory])).toMatchObject({ code: 0 });
    expect(await restart()).toMatchObject({ code: 0 });
    expect([await leases(lab), await notServing(lab)]).toEqual([[], []]);
  }
});

test.runIf(all)('a controller that continues after another one has taken over writes nothing more', async () => {
  const load = steadyLoad(lab.direct('gateways', 'lb-1'));
  const stopped = Promise.withResolvers<void>();
  let go: (signal: NodeJS.Signals) => void = () => undefined;
  const first = restart([], {
    env: { ...SHORT_TTL, API7_ORCH_MACHINE_ID: 'one machine' },
    onEvent: (event, send) => {
      if (event.type !== 'roll.step' || event.step !== 'apply' || event.status !== 'begun') return;
      send('SIGSTOP');
      go = send;
      stopped.resolve();
    },
  });
  await Promise.race([stopped.promise, first]);
  expect((await notServing(lab)).length).toBeGreaterThan(0);
  const begun = performance.now();
  const second = await restart([], { env: { ...SHORT_TTL, API7_ORCH_MACHINE_ID: 'another machine' } });
  expect({ code: second.code, errors: codesOf(second) }).toEqual({ code: 0, errors: [] });
  expect(performance.now() - begun).toBeGreaterThan(18_000);
  expect([await leases(lab), await notServing(lab), await lockedHosts(lab)]).toEqual([[], [], []]);

  const still = await changeSampler(lab);
  go('SIGCONT');
  const ended = await first;
  expect({ code: ended.code, errors: codesOf(ended) }).toEqual({
    code: 5,
    errors: expect.arrayContaining(['FENCED']),
  });
  for (const { host, states, samples } of await still.stop()) {
    expect(states, host).toBe(1);
    expect(samples, host).toBeGreaterThan(3);
  }
  expect([await leases(lab), await notServing(lab)]).toEqual([[], []]);
  expect((await load.stop()).bad).toEqual({});
});
