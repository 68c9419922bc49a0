import { describe, expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import type { RunEvent } from '../../../src/core/event/event.ts';
import type { Counters } from '../../../src/core/host/balancer.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { fold } from '../../../src/render/fold.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { recap } from '../../../src/render/lines/recap.ts';
import { EMPTY_VIEW } from '../../../src/render/run-view.ts';
import { sharedClock } from '../../support/cluster/run-fake.ts';
import { Cluster, ends } from '../../support/cluster/toy-cluster.ts';
import { answer, ROOT } from '../../support/cluster/toy-fleet.ts';

/**
 * Nodes behind a balancer that counts. `perCount`: requests that each counter gains between reads. `isBad`: all replies are
 * errors.
 */
function counting(
  count: number,
  perCount: (node: string) => number,
  isBad: (node: string) => boolean = () => false,
): Cluster {
  const cluster = new Cluster(count);
  const { traffic } = cluster.fleet;
  const requests = new Map<string, number>();
  const errors = new Map<string, number>();
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    const counters = () => {
      const total = (requests.get(node) ?? 1000) + perCount(node);
      requests.set(node, total);
      errors.set(node, (errors.get(node) ?? 0) + (isBad(node) ? perCount(node) : 0));
      const lb: Counters = {
        requests: total,
        status4xx: 0,
        status5xx: errors.get(node) ?? 0,
        connectErrors: 0,
        responseErrors: 0,
        epoch: '1',
      };
      return answer({ lb });
    };
    return own && { ...own, counters };
  };
  return cluster;
}

const notes = ({ events }: Awaited<ReturnType<Cluster['roll']>>) =>
  events.flatMap((event) => (event.type === 'note' ? [event.message] : []));

describe('a node whose soak an earlier run did not pass', () => {
  /** `change`: the nodes that the run changes. */
  const left = (...change: readonly string[]): Cluster => {
    const cluster = new Cluster(3);
    cluster.fleet.soaking.add('gw-2');
    for (const host of cluster.nodes)
      if (!change.includes(host.name)) host.files.set('/app', { type: 'file', content: Buffer.from('new'), ...ROOT });
    return cluster;
  };
  const planOf = ({ events }: Awaited<ReturnType<Cluster['roll']>>) =>
    events.flatMap((event) => (event.type === 'roll.plan' ? [{ first: event.first, waves: event.waves }] : []));
  const soaked = ({ events }: Awaited<ReturnType<Cluster['roll']>>) =>
    events.flatMap((event) =>
      event.type === 'roll.step' && event.step === 'soak' && event.status === 'begun' ? [event.host] : [],
    );

  test('is announced before the batches, and soaked before them', async () => {
    const run = await left('gw-1', 'gw-3').roll({ batch: 1 });
    expect(planOf(run)).toEqual([
      { first: [{ host: 'gw-2', why: 'soak', changes: false }], waves: [['gw-2'], ['gw-1'], ['gw-3']] },
    ]);
    expect(soaked(run)).toEqual(['gw-2', 'gw-1', 'gw-3']);
  });

  test('goes first with its own change', async () => {
    const run = await left('gw-1', 'gw-2').roll();
    expect(planOf(run)).toEqual([
      { first: [{ host: 'gw-2', why: 'soak', changes: true }], waves: [['gw-2'], ['gw-1']] },
    ]);
    expect(soaked(run)).toEqual(['gw-2', 'gw-1']);
  });

  test('is announced in a run that changes nothing', async () => {
    const run = await left().roll();
    expect(planOf(run)).toEqual([{ first: [{ host: 'gw-2', why: 'soak', changes: false }], waves: [['gw-2']] }]);
    expect(soaked(run)).toEqual(['gw-2']);
  });

  test('is shown by check as well', async () => {
    const run = await left('gw-1', 'gw-3').roll({ batch: 1 }, { check: true });
    expect(planOf(run)).toEqual([
      { first: [{ host: 'gw-2', why: 'soak', changes: false }], waves: [['gw-2'], ['gw-1'], ['gw-3']] },
    ]);
  });

  test('is still due where the run stops before', async () => {
    const cluster = left('gw-1');
    cluster.fleet.soaking.add('gw-3');
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitReady' && node === 'gw-2') throw new OrchError('NOT_READY', 'answers 500', { host: 'gw-2' });
    };
    const run = await cluster.roll();
    expect(run.events.find(({ type }) => type === 'roll.end')).toMatchObject({
      nodes: {
        'gw-1': { state: 'untouched', traffic: 'in', cause: 'gw-2 failed' },
        'gw-2': { state: 'failed' },
        'gw-3': { state: 'unchanged', traffic: 'in', soakDue: true },
      },
    });
    expect(recap(run.events.reduce(fold, EMPTY_VIEW), noPaint)).toContain(
      '  gw-3  unchanged    in service  soak of an earlier run still due',
    );
  });

  test('is still due where the node itself was to change', async () => {
    const cluster = left('gw-2', 'gw-3');
    cluster.fleet.set('gw-3', 'drained');
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitReady' && node === 'gw-3') throw new OrchError('NOT_READY', 'answers 500', { host: 'gw-3' });
    };
    const run = await cluster.roll();
    expect(recap(run.events.reduce(fold, EMPTY_VIEW), noPaint)).toContain(
      '  gw-2  not started  in service  gw-3 failed; soak of an earlier run still due',
    );
  });

  test('is none that is down: that one goes first for its own reason', async () => {
    const cluster = left('gw-1', 'gw-3');
    cluster.fleet.set('gw-3', 'drained');
    const [plan] = planOf(await cluster.roll());
    expect(plan?.first).toEqual([
      { host: 'gw-3', why: 'drained', changes: true },
      { host: 'gw-2', why: 'soak', changes: false },
    ]);
    expect(plan?.waves).toEqual([['gw-3', 'gw-2'], ['gw-1']]);
  });
});

describe('an idle cluster', () => {
  test('causes no question: the run reports it once and succeeds without a terminal', async () => {
    const run = await counting(3, () => 0).roll();
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 0, codes: [] });
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'done', 'gw-3': 'done' });
    expect(notes(run)).toEqual(['no traffic to compare: error rates were not checked after the restore']);
    expect(run.events.some(({ type }) => type === 'roll.hold')).toBe(false);
  });

  test('nor does the only node that is left', async () => {
    const run = await counting(1, () => 300).roll({}, { outage: async () => true });
    expect({ exit: run.report.exitCode, codes: run.codes, notes: notes(run).length }).toEqual({
      exit: 0,
      codes: [],
      notes: 1,
    });
  });
});

test('a node without requests while its peers get some causes a question', async () => {
  const cluster = counting(3, (node) => (node === 'gw-1' ? 0 : 100));
  const asked: string[] = [];
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return true;
  };
  const run = await cluster.roll({}, { ask });
  expect([run.codes, asked, notes(run)]).toEqual([[], ['gw-1: continue with the next node?'], []]);
  const why = run.events.flatMap((event) => (event.type === 'roll.hold' && event.waiting ? [event.why] : []));
  expect(why).toEqual([expect.stringContaining('too few requests to compare with its peers: 0 of 20')]);
});

test('without a terminal, such a node ends the run', async () => {
  const run = await counting(3, (node) => (node === 'gw-1' ? 0 : 100)).roll();
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['SOAK_INCONCLUSIVE'] });
});

test('a cluster with traffic is compared, without a notice', async () => {
  const run = await counting(3, () => 100).roll();
  expect([run.report.exitCode, notes(run)]).toEqual([0, []]);
});

describe('a node that responds with errors', () => {
  const bad = () =>
    counting(
      3,
      () => 30,
      (node) => node === 'gw-1',
    );

  test('is drained again after the first count that shows it, not at the end of its soak', async () => {
    const cluster = bad();
    const run = await cluster.roll({ soak: '10m' }, { clock: sharedClock() });
    expect({ codes: run.codes, ends: ends(run.events) }).toEqual({
      codes: ['SOAK_FAILED'],
      ends: { 'gw-1': 'failed', 'gw-2': 'untouched', 'gw-3': 'untouched' },
    });
    const failed = run.events.flatMap((event) =>
      event.type === 'roll.step' && event.status === 'failed' ? [[event.step, event.durationMs]] : [],
    );
    expect(failed).toEqual([['soak', 1000]]);
    expect(cluster.fleet.nodeState('gw-1')).toBe('drained');
  });

  test('is drained again during the wait for its balancers', async () => {
    const cluster = bad();
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitInService') cluster.fleet.set(node, 'down');
    };
    const run = await cluster.roll({ soak: '10m' }, { clock: sharedClock() });
    const failed = run.events.flatMap((event) =>
      event.type === 'roll.step' && event.status === 'failed' ? [[event.step, event.note]] : [],
    );
    expect(failed).toEqual([
      [
        'waitInService',
        'gw-1 has more errors than its unchanged peers: 100.0% 5xx responses (30 in 30 requests), its peers 0.0%',
      ],
    ]);
    expect(cluster.fleet.nodeState('gw-1')).toBe('drained');
  });

  test('is not counted without a soak', async () => {
    const run = await bad().roll({ soak: '0s' }, { clock: sharedClock() });
    expect([run.report.exitCode, ends(run.events)['gw-1']]).toEqual([0, 'done']);
  });
});

test('a balancer that does not respond for a moment fails no soak', async () => {
  const cluster = counting(3, () => 30);
  const { traffic } = cluster.fleet;
  const clock = sharedClock();
  let begun = Number.POSITIVE_INFINITY;
  let silences = 0;
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    const counters = (): Steps<Readonly<Record<string, Counters>>> => {
      const since = clock.now() - begun;
      if (since <= 0 || since >= 3000) return own?.counters() ?? answer({});
      silences += 1;
      throw new OrchError('LB_UNREACHABLE', 'it does not respond', { host: 'lb', retryable: true });
    };
    return own && { ...own, counters };
  };
  const onEvent = (event: RunEvent): void => {
    if (event.type === 'roll.step' && event.step === 'soak' && event.status === 'begun') begun = clock.now();
  };
  const run = await cluster.roll({ soak: '3s' }, { clock, onEvent });
  expect([run.report.exitCode, silences > 0]).toEqual([0, true]);
});
