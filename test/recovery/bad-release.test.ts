import { describe, expect, test } from 'vitest';
import type { NumberedEvent } from '../../src/core/event/event.ts';
import type { RollingOptions } from '../../src/core/play/rolling.ts';
import { Loaded, SIX } from './loaded-cluster.ts';

describe('a version whose routes answer 502, under 200 requests/s', () => {
  test.each<[string, number, RollingOptions]>([
    ['servers with a weight of 100', 100, {}],
    ['servers without a weight', 1, {}],
    ['all of the weight at once', 100, { canaryWeight: '100%' }],
  ])('%s: at most 40 requests fail', async (_, weight, rolling) => {
    const loaded = new Loaded({ badRoutes: true, weight });
    const { exitCode, codes, failedAt } = await loaded.roll(rolling);
    expect({ exitCode, codes, failedAt }).toEqual({ exitCode: 4, codes: ['SOAK_FAILED'], failedAt: ['waitInService'] });
    expect(loaded.failed).toBeGreaterThan(0);
    expect(loaded.failed).toBeLessThanOrEqual(40);
    // It went back to its earlier version, and serves.
    expect(loaded.leases()).toEqual([]);
  });

  test('a tenth of the traffic: at most 12 requests fail', async () => {
    const loaded = new Loaded({ badRoutes: true });
    await loaded.roll();
    expect(loaded.failed).toBeLessThanOrEqual(12);
  });

  test('with a probe none fails', async () => {
    const loaded = new Loaded({ badRoutes: true, probe: true });
    const { codes } = await loaded.roll();
    expect({ codes, failed: loaded.failed }).toEqual({ codes: ['NOT_READY'], failed: 0 });
  });
});

describe('a canary that fails with a part of its traffic, while others leave', () => {
  const part = ['10', '10'];
  const weightsOf = (loaded: Loaded) => ['lb-1', 'lb-2'].map((lb) => loaded.weights(lb)[0]);
  const drainingAgain = (event: NumberedEvent): boolean =>
    event.type === 'roll.step' && event.step === 'drainAgain' && event.status === 'begun';
  const kept = {
    state: 'failed',
    traffic: 'in',
    cause: expect.stringMatching(/gw-1.*; it keeps a part of its traffic$/),
    next: 'api7-orch lb restore gw-1',
  };

  test('the budget is used up: it keeps the part, and the end names the command that gives it all', async () => {
    const loaded = new Loaded({
      badRoutes: true,
      onEvent: (event, { cluster }) => {
        if (event.type === 'roll.step' && event.step === 'waitInService')
          for (const lb of cluster.balancers.values()) lb.command('set server gateways/gw-6 state maint');
      },
    });
    const { codes, nodes } = await loaded.roll();
    expect([codes, weightsOf(loaded), nodes['gw-1']]).toEqual([['SOAK_FAILED'], part, kept]);
  });

  test('all others leave at that moment: it keeps the part, or is drained and goes back', {
    timeout: 60_000,
  }, async () => {
    const causes = new Set<string>();
    for (let nth = 10; nth < 60; nth += 5) {
      let operations: number | undefined;
      const loaded = new Loaded({
        badRoutes: true,
        onEvent: (event) => {
          if (drainingAgain(event)) operations = 0;
        },
        onOperation: (one) => {
          if (operations !== undefined && operations++ === nth) one.leased(SIX.slice(1));
        },
      });
      const { codes, nodes } = await loaded.roll();
      const isBack = nodes['gw-1']?.state === 'rolledBack';
      expect([nth, codes, weightsOf(loaded)]).toEqual([nth, ['SOAK_FAILED'], isBack ? ['100', '100'] : part]);
      if (!isBack) expect(nodes['gw-1']).toEqual(kept);
      causes.add(isBack ? 'back' : (/max unavailable|no other member/.exec(nodes['gw-1']?.cause ?? '')?.[0] ?? ''));
    }
    expect([...causes]).toEqual(['max unavailable', 'no other member', 'back']);
  });
});

describe('a good version', () => {
  test('raises no alarm in 50 rolling changes under noisy clients', { timeout: 300_000 }, async () => {
    const draw = random(1);
    let rolls = 0;
    for (; rolls < 50; rolls++) {
      const loaded = new Loaded({ clientErrs: () => draw() < 0.05, latencyMs: 0 });
      const { exitCode, codes } = await loaded.roll({ soak: '5s' });
      expect({ rolls, exitCode, codes }).toEqual({ rolls, exitCode: 0, codes: [] });
    }
    expect(rolls).toBe(50);
  });

  test('the first node gets a tenth of its traffic, then all of it; the others get all at once', async () => {
    const loaded = new Loaded({});
    const lb = loaded.cluster.balancers.get('lb-1');
    const { exitCode, notes } = await loaded.roll();
    expect([exitCode, notes, loaded.failed, loaded.leases()]).toEqual([0, [], 0, []]);
    const weights = lb?.asked.filter((asked) => asked.includes(' weight '));
    expect(weights).toEqual(['set server gateways/gw-1 weight 10', 'set server gateways/gw-1 weight 100']);
    expect(loaded.weights('lb-1')).toEqual(SIX.map(() => '100'));
  });

  test('as many nodes as canaries begin with a part', async () => {
    const loaded = new Loaded({});
    await loaded.roll({ canary: 2, canaryWeight: '25%' });
    const weights = loaded.cluster.balancers.get('lb-1')?.asked.filter((asked) => asked.includes(' weight 25'));
    expect(weights).toEqual(['set server gateways/gw-1 weight 25', 'set server gateways/gw-2 weight 25']);
  });

  test('a weight that cannot be divided is noted once, where the operator requested a part', async () => {
    const loaded = new Loaded({ weight: 1 });
    const { exitCode, notes } = await loaded.roll({ canaryWeight: '10%' });
    expect([exitCode, notes]).toEqual([0, [expect.stringContaining('canary_weight 10% is ignored')]]);
  });

  test('a balancer that does not respond while a node gets a part of its traffic: it gets all of it on the other one', async () => {
    const loaded = new Loaded({
      onEvent: (event, { cluster }) => {
        if (event.type === 'roll.step' && event.step === 'waitInService' && event.status === 'begun')
          cluster.down.add('lb-2');
        if (event.type === 'warning' && event.message.includes('part of its traffic')) cluster.down.delete('lb-2');
      },
    });
    const { exitCode, warnings } = await loaded.roll({ maxFailures: 0 });
    expect([exitCode, loaded.weights('lb-1')[0], loaded.weights('lb-2')[0]]).toEqual([expect.any(Number), '100', '10']);
    expect(exitCode).not.toBe(0);
    expect(warnings).toContainEqual(
      expect.stringMatching(/it gets only a part of its traffic: .*lb restore gives it all/),
    );
  });

  test('a controller that is killed while a node gets a part: the next run restores the full weight', async () => {
    const loaded = new Loaded({
      killAt: (event) => event.type === 'roll.step' && event.step === 'waitInService' && event.status === 'begun',
    });
    await loaded.roll();
    expect([loaded.weights('lb-1')[0], loaded.leases()]).toEqual(['10', ['lb-1 gw-1', 'lb-2 gw-1']]);
    const next = new Loaded({});
    Object.assign(next, { cluster: loaded.cluster });
    expect(await next.roll()).toMatchObject({ exitCode: 0 });
    for (const lb of ['lb-1', 'lb-2']) expect(next.weights(lb)).toEqual(SIX.map(() => '100'));
    expect(next.leases()).toEqual([]);
  });
});

/** A small seeded generator: the same clients on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
