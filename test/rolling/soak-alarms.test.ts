import { describe, expect, test } from 'vitest';
import type { Counters } from '../../src/core/host/balancer.ts';
import { compareCounters, FALSE_ALARMS, failsEarly } from '../../src/rolling/soak.ts';

/** A small seeded generator (mulberry32): the same soaks on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Scene {
  /** Requests a second to the node, and to each of its peers. */
  readonly rate: number;
  readonly peers: number;
  /** Shares of bad replies of a good node. */
  readonly status4xx?: number;
  readonly status5xx?: number;
  /** So many more 5xx of the node in its soak. */
  readonly worse?: number;
  /** The part of its weight that the node gets. */
  readonly part?: number;
  readonly seconds?: number;
}

type Ends = { readonly verdict: 'early' | 'fail' | 'pass'; readonly seconds: number; readonly errors: number };

/** One soak as the engine makes it: a count after each second, then the last one. */
function soak(draw: () => number, scene: Scene): Ends {
  const { rate, peers, status4xx = 0, status5xx = 0, worse = 0, part = 1, seconds = 10 } = scene;
  const totals = Array.from({ length: peers + 1 }, () => ({ requests: 0, status4xx: 0, status5xx: 0 }));
  const windows = totals.map((counted) => ({ begin: ZERO, end: counted as unknown as Counters }));
  for (const counted of totals) Object.assign(counted, { connectErrors: 0, responseErrors: 0, epoch: '1' });
  const [own, ...others] = [windows.slice(0, 1), ...windows.slice(1)].flat();
  const node = own === undefined ? [] : [own];
  for (let second = 1; second <= seconds; second++) {
    for (const [i, counted] of totals.entries()) {
      const expected = rate * (i === 0 ? part : 1);
      const bad = status5xx + (i === 0 ? worse : 0);
      for (let n = expected; n > 0 && (n >= 1 || draw() < n); n--) {
        counted.requests += 1;
        const kind = draw();
        if (kind < bad) counted.status5xx += 1;
        else if (kind < bad + status4xx) counted.status4xx += 1;
      }
    }
    if (second < seconds && failsEarly(node, others, second) !== undefined)
      return { verdict: 'early', seconds: second, errors: totals[0]?.status5xx ?? 0 };
  }
  const { verdict } = compareCounters(node, others);
  return { verdict: verdict === 'fail' ? 'fail' : 'pass', seconds, errors: totals[0]?.status5xx ?? 0 };
}

const ZERO: Counters = { requests: 0, status4xx: 0, status5xx: 0, connectErrors: 0, responseErrors: 0, epoch: '1' };

/** Many soaks of one kind. */
function many(count: number, seed: number, scene: Scene): readonly Ends[] {
  const draw = random(seed);
  return Array.from({ length: count }, () => soak(draw, scene));
}

const alarms = (soaks: readonly Ends[], verdict?: Ends['verdict']): number =>
  soaks.filter((one) => (verdict === undefined ? one.verdict !== 'pass' : one.verdict === verdict)).length;

describe('a good node', () => {
  test.each<[string, Scene]>([
    ['200 requests/s over 6, 5% 4xx', { rate: 33, peers: 5, status4xx: 0.05 }],
    ['the same at 10% of its weight', { rate: 33, peers: 5, status4xx: 0.05, part: 0.1 }],
    ['two nodes, 5% 4xx', { rate: 50, peers: 1, status4xx: 0.05 }],
    ['a minute, 5% 4xx', { rate: 10, peers: 2, status4xx: 0.05, seconds: 60 }],
    ['0.5% 5xx of upstreams', { rate: 33, peers: 5, status5xx: 0.005 }],
    ['30% 5xx of upstreams', { rate: 33, peers: 5, status5xx: 0.3 }],
  ])('%s: at most one false alarm in 2000 soaks', (_, scene) => {
    expect(alarms(many(2000, 1, scene))).toBeLessThanOrEqual(1);
  });

  test.each<[string, Scene]>([
    ['3 requests/s, 5% 4xx', { rate: 3, peers: 2, status4xx: 0.05 }],
    ['5 requests/s, 2% 5xx', { rate: 5, peers: 1, status5xx: 0.02 }],
    ['5 requests/s, 1% 5xx', { rate: 5, peers: 5, status5xx: 0.01 }],
    ['20 requests/s, 0.8% 5xx', { rate: 20, peers: 2, status5xx: 0.008 }],
    ['4 requests/s for a minute, 1% 5xx', { rate: 4, peers: 3, status5xx: 0.01, seconds: 60 }],
  ])('%s: the noise that is nearest to the margins keeps the documented rates', (_, scene) => {
    const soaks = many(4000, 2, scene);
    expect(alarms(soaks, 'early') / soaks.length).toBeLessThanOrEqual(FALSE_ALARMS.early);
    expect(alarms(soaks, 'fail') / soaks.length).toBeLessThanOrEqual(FALSE_ALARMS.last);
  });
});

describe('a bad node', () => {
  test.each<[string, Scene, number]>([
    ['every answer 502', { rate: 33, peers: 5, worse: 1 }, 1],
    ['every answer 502, 10% of its weight', { rate: 33, peers: 5, worse: 1, part: 0.1 }, 2],
    ['half of the answers 502', { rate: 33, peers: 5, worse: 0.5 }, 1],
    ['one answer in five 502, beside noisy clients', { rate: 33, peers: 5, worse: 0.2, status4xx: 0.05 }, 2],
    ['every answer 502, pool of two', { rate: 33, peers: 1, worse: 1 }, 1],
    ['every answer 502, beside upstreams with 5% 5xx', { rate: 33, peers: 5, worse: 0.95, status5xx: 0.05 }, 1],
  ])('%s: is found within 2 seconds and 40 errors', (_, scene, seconds) => {
    const soaks = many(200, 3, scene);
    expect(soaks.map(({ verdict }) => verdict)).toEqual(soaks.map(() => 'early'));
    expect(Math.max(...soaks.map((one) => one.seconds))).toBeLessThanOrEqual(seconds);
    expect(Math.max(...soaks.map((one) => one.errors))).toBeLessThanOrEqual(40);
  });

  test('a small increase of errors is found at the end of the soak at the latest', () => {
    const soaks = many(200, 4, { rate: 33, peers: 5, worse: 0.05 });
    expect(alarms(soaks)).toBe(soaks.length);
  });
});
