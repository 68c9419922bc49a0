import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../../src/core/base/data.ts';
import { OrchError } from '../../../src/core/base/errors.ts';
import { play } from '../../../src/core/play/play.ts';
import { defineQuery } from '../../../src/core/task/define-query.ts';
import { defineTask } from '../../../src/core/task/define-task.ts';
import type { Task } from '../../../src/core/task/task.ts';
import { fold } from '../../../src/render/fold.ts';
import { noPaint } from '../../../src/render/lines/paint.ts';
import { recap } from '../../../src/render/lines/recap.ts';
import { EMPTY_VIEW } from '../../../src/render/run-view.ts';
import { type FakeRunOptions, runPlays, virtualClock } from '../../support/cluster/run-fake.ts';
import { Cluster, ends } from '../../support/cluster/toy-cluster.ts';
import { answer, ROOT } from '../../support/cluster/toy-fleet.ts';
import { answered, note, served } from '../../support/cluster/toy-tasks.ts';

describe('a successful rolling change', () => {
  test('drains each node, waits until it is idle, changes, restores and soaks it, one after another', async () => {
    const cluster = new Cluster(3);
    const run = await cluster.roll();
    expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: [], exit: 0 });
    expect(cluster.mostOut).toBe(1);
    const way = ['checkDependencies', 'drain', 'waitIdle', 'waitReady', 'restore', 'waitInService', 'stillHealthy'];
    expect(cluster.fleet.asked.filter((step) => step.endsWith('gw-1')).slice(0, way.length)).toEqual(
      way.map((step) => `${step} gw-1`),
    );
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'done', 'gw-3': 'done' });
    for (const { name } of cluster.nodes) expect([name, cluster.fleet.nodeState(name)]).toEqual([name, 'in']);
  });

  test('a second run drains no node', async () => {
    const cluster = new Cluster(3);
    await cluster.roll();
    cluster.fleet.asked.length = 0;
    const again = await cluster.roll();
    expect(again.report.exitCode).toBe(0);
    expect(cluster.fleet.asked).toEqual([]);
  });

  test('plays without changes read the balancers once, and again after any write', async () => {
    const asked = async (...plays: readonly { readonly content: string }[]): Promise<number> => {
      const cluster = new Cluster(2);
      await runPlays(
        [...cluster.nodes, cluster.fleet.lb],
        function* () {
          for (const { content } of plays)
            yield* play({
              name: content,
              hosts: 'nodes',
              *tasks() {
                yield served({ path: '/app', content });
              },
            });
        },
        {
          fleet: cluster.fleet,
          select: () => cluster.nodes.map(({ name }) => ({ name, address: '', groups: [], vars: {} })),
        },
      );
      return cluster.fleet.lb.trips;
    };
    const same = { content: 'old' };
    const once = await asked(same);
    expect(await asked(same, same, same)).toBe(once);
    const changed = await asked({ content: 'new' });
    expect(await asked({ content: 'new' }, { content: 'new' })).toBe(changed + once);
  });

  test('check changes nothing, and shows the nodes that a run would drain', async () => {
    const cluster = new Cluster(3);
    const check = await cluster.roll({ batch: 2, maxUnavailable: 2 }, { check: true });
    expect(check.events.find(({ type }) => type === 'roll.plan')).toMatchObject({
      waves: [['gw-1', 'gw-2'], ['gw-3']],
      budgets: [{ pools: ['toys'], maxUnavailable: 2, members: 3 }],
      deadlines: [{ name: 'toy' }],
    });
    expect(cluster.fleet.lb.writes).toBe(0);
    expect(cluster.content('gw-1')).toBe('old');
  });

  test('a batch of two drains two nodes at once, and no more', async () => {
    const cluster = new Cluster(6);
    const run = await cluster.roll({ batch: 2, maxUnavailable: 2 });
    expect(run.codes).toEqual([]);
    expect(cluster.mostOut).toBe(2);
  });

  test('with more hosts than workers, programs that wait for the drain free their worker', async () => {
    const cluster = new Cluster(6);
    expect((await cluster.roll({}, { forks: 2 })).codes).toEqual([]);
  });
});

describe('a failed rolling change', () => {
  test('one node of a batch fails its gate while the other is unreachable: no other node is changed', async () => {
    const cluster = new Cluster(6);
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitReady' && node === 'gw-1') throw new OrchError('NOT_READY', 'answers 500', { host: 'gw-1' });
      if (step === 'waitReady' && node === 'gw-2')
        throw new OrchError('CONNECT_TIMED_OUT', 'no response', { host: 'gw-2', retryable: true });
    };
    const run = await cluster.roll({ batch: 2, maxUnavailable: 2 });
    expect({ exit: run.report.exitCode, codes: [...run.codes].sort() }).toEqual({
      exit: 3,
      codes: ['CONNECT_TIMED_OUT', 'NOT_READY'],
    });
    expect(ends(run.events)).toEqual({
      'gw-1': 'failed',
      'gw-2': 'failed',
      'gw-3': 'untouched',
      'gw-4': 'untouched',
      'gw-5': 'untouched',
      'gw-6': 'untouched',
    });
    expect(['gw-1', 'gw-2', 'gw-3'].map((name) => cluster.fleet.nodeState(name))).toEqual(['drained', 'drained', 'in']);
    expect(['gw-3', 'gw-4', 'gw-5', 'gw-6'].map((name) => cluster.content(name))).toEqual(['old', 'old', 'old', 'old']);
  });

  test('a node that becomes unreachable during its drain, and stays drained, is not reported as a refusal', async () => {
    const cluster = new Cluster(2);
    let isUnreachable = false;
    cluster.fleet.onStep = (step) => {
      isUnreachable ||= step === 'waitIdle';
    };
    const lost = () => new OrchError('CONNECT_TIMED_OUT', 'no response', { host: 'gw-1', retryable: true });
    const far = defineTask({
      kind: 'far',
      params: z.object({}),
      claim: () => 'state:far',
      read: async () => (isUnreachable ? Promise.reject(lost()) : { digest: 'old' }),
      want: () => ({ digest: 'new' }),
      write: async () => undefined,
    });
    const plays = function* () {
      yield* play({
        name: 'roll',
        hosts: 'gw-1',
        *tasks() {
          yield far({});
        },
      });
    };
    const { codes, report, events } = await runPlays([...cluster.nodes, cluster.fleet.lb], plays, {
      fleet: cluster.fleet,
      restoreCommand: (node) => `lb restore ${node}`,
    });
    expect(cluster.fleet.nodeState('gw-1')).toBe('drained');
    expect({ exit: report.exitCode, codes, ends: ends(events) }).toEqual({
      exit: 3,
      codes: ['CONNECT_TIMED_OUT'],
      ends: { 'gw-1': 'failed' },
    });
  });

  test('a drain that times out leaves the node unchanged and in service', async () => {
    const cluster = new Cluster(2);
    cluster.fleet.lb.files.set('/sessions/gw-1', { type: 'file', content: Buffer.from('7'), ...ROOT });
    const run = await cluster.roll();
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 2, codes: ['DRAIN_TIMEOUT'] });
    expect([cluster.fleet.nodeState('gw-1'), cluster.content('gw-1'), cluster.content('gw-2')]).toEqual([
      'in',
      'old',
      'old',
    ]);
  });

  test('a node that fails after its restore is drained again', async () => {
    const cluster = new Cluster(2);
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitInService' && node === 'gw-1') throw new OrchError('LB_MEMBER_NOT_UP', 'no', { host: 'lb' });
    };
    const run = await cluster.roll();
    expect(run.codes).toEqual(['LB_MEMBER_NOT_UP']);
    expect([cluster.fleet.nodeState('gw-1'), cluster.content('gw-2')]).toEqual(['drained', 'old']);
  });

  test('a balancer that does not respond refuses the run before any change', async () => {
    const cluster = new Cluster(2);
    const run = await cluster.roll({}, { dead: ['lb'] });
    expect(run.report.exitCode).not.toBe(0);
    expect(cluster.content('gw-1')).toBe('old');
  });

  test('inconsistent timeouts refuse the run', async () => {
    const cluster = new Cluster(2);
    const { traffic } = cluster.fleet;
    cluster.fleet.traffic = (node) => {
      const own = traffic.call(cluster.fleet, node);
      return (
        own && {
          ...own,
          deadlines: () => answer({ links: [], faults: ['drain 10s is shorter than 60s'] }),
        }
      );
    };
    const run = await cluster.roll();
    expect(run.report.exitCode).toBe(2);
    expect(run.codes).toContain('TIMEOUTS_INCONSISTENT');
    expect(cluster.fleet.lb.writes).toBe(0);
  });
});

test('a balancer that does not respond during the soak drains no node', async () => {
  const cluster = new Cluster(2);
  cluster.fleet.onStep = (step, node) => {
    if (step === 'stillHealthy' && node === 'gw-1') throw new OrchError('LB_UNREACHABLE', 'gone', { host: 'lb' });
  };
  const run = await cluster.roll();
  expect(run.codes).toEqual(['LB_UNREACHABLE']);
  expect([cluster.fleet.nodeState('gw-1'), cluster.content('gw-2')]).toEqual(['in', 'old']);
});

test('a balancer that does not respond during the recheck fails no node', async () => {
  const cluster = new Cluster(3);
  let looks = 0;
  cluster.fleet.onStep = (step, node) => {
    if (step === 'stillHealthy' && node === 'gw-1' && looks++ > 0)
      throw new OrchError('LB_UNREACHABLE', 'gone', { host: 'lb' });
  };
  const run = await cluster.roll();
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['LB_UNREACHABLE'] });
  expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'done', 'gw-3': 'untouched' });
});

describe('a drain that was lost right before the stop', () => {
  const stopped = defineTask({
    kind: 'stopped',
    params: z.object({ path: z.string() }),
    claim: (p) => `file:${p.path}`,
    read: async (p, host) => ({ digest: (await host.sha256(p.path)) ?? '' }),
    want: () => ({ digest: sha256('new') }),
    async write(p, _change, host, _local, report) {
      await report.aboutToStop();
      await host.writeFile(p.path, 'new', ROOT);
    },
  });
  const rolled = async (cluster: Cluster, options: FakeRunOptions = {}) =>
    await runPlays(
      [...cluster.nodes, cluster.fleet.lb],
      function* () {
        yield* play({
          name: 'roll',
          hosts: 'gw-1',
          rolling: { soak: '0s' },
          *tasks() {
            yield stopped({ path: '/app' });
          },
        });
      },
      { fleet: cluster.fleet, ...options },
    );
  const lost = async (also: (cluster: Cluster) => void, options: (cluster: Cluster) => FakeRunOptions = () => ({})) => {
    const cluster = new Cluster(2);
    let looks = 0;
    cluster.fleet.onStep = (step, node) => {
      if (step !== 'stillDrained' || node !== 'gw-1' || looks++ > 0) return;
      cluster.fleet.set('gw-1', 'in');
      also(cluster);
      throw new OrchError('DRAIN_LOST', 'it is back', { host: 'lb', retryable: true });
    };
    return { cluster, run: await rolled(cluster, options(cluster)) };
  };

  test('is repeated', async () => {
    const { cluster, run } = await lost(() => undefined);
    expect({ codes: run.codes, content: cluster.content('gw-1') }).toEqual({ codes: [], content: 'new' });
    expect(cluster.fleet.asked.filter((step) => step === 'drain gw-1')).toHaveLength(2);
  });

  test('is not repeated while another node is drained externally: the budget would be exceeded', async () => {
    const { cluster, run } = await lost(({ fleet }) => fleet.set('gw-2', 'down'));
    expect({ codes: run.codes, content: cluster.content('gw-1') }).toEqual({ codes: ['DRAIN_LOST'], content: 'old' });
    expect(cluster.fleet.nodeState('gw-1')).toBe('in');
  });

  test.each([
    { signals: 1, outcome: { codes: [], content: 'new', nodeState: 'in' }, ms: 4000 },
    { signals: 2, outcome: { codes: ['INTERRUPTED'], content: 'old', nodeState: 'in' }, ms: 2000 },
  ])('new requests since then are waited for; $signals × Ctrl-C', async ({ signals, outcome, ms }) => {
    const sessions = ({ fleet }: Cluster, count: string) =>
      fleet.lb.files.set('/sessions/gw-1', { type: 'file', content: Buffer.from(count), ...ROOT });
    const [interrupt, urgent] = [new AbortController(), new AbortController()];
    let waitedMs = 0;
    const { cluster, run } = await lost(
      (one) => sessions(one, '1'),
      (one) => ({
        signal: interrupt.signal,
        urgent: urgent.signal,
        clock: virtualClock((now) => {
          waitedMs = now;
          if (now >= 1000) interrupt.abort(new OrchError('INTERRUPTED', 'interrupted'));
          if (now >= 2000 && signals === 2) urgent.abort(new OrchError('INTERRUPTED', 'interrupted'));
          if (now >= 4000) sessions(one, '0');
        }),
      }),
    );
    const nodeState = cluster.fleet.nodeState('gw-1');
    expect({ codes: run.codes, content: cluster.content('gw-1'), nodeState }).toEqual(outcome);
    expect(waitedMs).toBeGreaterThanOrEqual(ms);
    expect(waitedMs).toBeLessThan(ms + 1000);
  });
});

test('a balancer that is down keeps no node drained on the others', async () => {
  const cluster = new Cluster(2);
  const { traffic } = cluster.fleet;
  const gone = note({ path: '/on-the-first', content: 'in' }) as unknown as Task;
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    return (
      own && {
        ...own,
        *restore() {
          yield gone.delegate('lb-1');
          yield* own.restore();
        },
      }
    );
  };
  cluster.fleet.onStep = (step, node) => {
    if (step === 'waitIdle' && node === 'gw-1') throw new OrchError('LB_UNREACHABLE', 'gone', { host: 'lb-1' });
  };
  const run = await cluster.roll();
  expect(run.report.exitCode).not.toBe(0);
  expect(cluster.fleet.nodeState('gw-1')).toBe('in');
});

describe('nodes that are drained before the run', () => {
  test('an externally drained node stays as it is, and is named', async () => {
    const cluster = new Cluster(3);
    cluster.fleet.set('gw-2', 'external');
    const run = await cluster.roll({ maxUnavailable: 2 });
    expect(run.report.exitCode).toBe(3);
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'skipped', 'gw-3': 'done' });
    expect([cluster.fleet.nodeState('gw-2'), cluster.content('gw-2')]).toEqual(['external', 'old']);
  });

  test('unhealthy nodes go first and use no budget', async () => {
    const cluster = new Cluster(4);
    cluster.fleet.set('gw-3', 'down');
    cluster.fleet.set('gw-4', 'down');
    const run = await cluster.roll();
    expect(run.codes).toEqual([]);
    const order = cluster.fleet.asked.filter((step) => step.startsWith('drain '));
    expect(order.slice(0, 2).sort()).toEqual(['drain gw-3', 'drain gw-4']);
  });

  test('a drain of an earlier run is restored even when nothing is to be changed', async () => {
    const cluster = new Cluster(2);
    await cluster.roll();
    cluster.fleet.set('gw-1', 'drained');
    const run = await cluster.roll();
    expect(run.codes).toEqual([]);
    expect(cluster.fleet.nodeState('gw-1')).toBe('in');
  });
});

test('an interrupt before an unchanged node is restored is not a success', async () => {
  const cluster = new Cluster(3);
  await cluster.roll();
  for (const node of ['gw-1', 'gw-2']) cluster.fleet.set(node, 'drained');
  const interrupt = new AbortController();
  const run = await cluster.roll(
    {},
    {
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'roll.step' && event.host === 'gw-1') interrupt.abort();
      },
    },
  );
  expect(['gw-1', 'gw-2'].map((node) => cluster.fleet.nodeState(node))).toEqual(['in', 'drained']);
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 6, codes: ['NOT_RESTORED'] });
});

describe('decisions of the operator', () => {
  const held = (): Cluster => {
    const cluster = new Cluster(3);
    cluster.fleet.onStep = (step, node) => {
      if (step === 'checkDependencies' && node === 'gw-2')
        throw new OrchError('CONTROL_PLANE_UNREACHABLE', 'no endpoint answers', {
          host: 'gw-2',
          operatorDecides: true,
        });
    };
    return cluster;
  };

  test('without a terminal, a paused run stops, prints the reason and is not a success', async () => {
    const cluster = held();
    const run = await cluster.roll();
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['CONTROL_PLANE_UNREACHABLE'] });
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'untouched', 'gw-3': 'untouched' });
    for (const { name } of cluster.nodes) expect([name, cluster.fleet.nodeState(name)]).toEqual([name, 'in']);
  });

  test('the answer no about the last node is not a success either', async () => {
    const cluster = new Cluster(2);
    cluster.fleet.onStep = (step) => {
      if (step === 'stillHealthy')
        throw new OrchError('SOAK_INCONCLUSIVE', 'too few requests', { host: 'gw-1', operatorDecides: true });
    };
    const run = await cluster.roll({}, { select: () => [{ name: 'gw-1', address: '', groups: [], vars: {} }] });
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['SOAK_INCONCLUSIVE'] });
    expect(ends(run.events)).toEqual({ 'gw-1': 'done' });
  });

  test('an answer given in advance retries after a delay, not in a busy loop', async () => {
    const cluster = held();
    const clock = virtualClock();
    let asked = 0;
    cluster.fleet.onStep = (step, node) => {
      if (step === 'checkDependencies' && node === 'gw-2' && clock.now() < 120_000)
        throw new OrchError('CONTROL_PLANE_UNREACHABLE', 'no endpoint answers', {
          host: 'gw-2',
          operatorDecides: true,
        });
    };
    const run = await cluster.roll({}, { clock, ask: async () => ++asked < 100 });
    expect(run.codes).toEqual([]);
    expect(asked).toBeLessThan(30);
  });

  test('after the answer yes the step is retried', async () => {
    const cluster = held();
    const asked: string[] = [];
    const run = await cluster.roll(
      {},
      {
        ask: async (question) => {
          asked.push(question);
          cluster.fleet.onStep = () => undefined;
          return true;
        },
      },
    );
    expect(run.codes).toEqual([]);
    expect(asked).toEqual(['gw-2: check the control plane again?']);
  });
});

test('an outage is refused without --yes-outage', async () => {
  const cluster = new Cluster(1);
  const run = await cluster.roll();
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 2, codes: ['OUTAGE_NOT_CONFIRMED'] });
  expect(cluster.content('gw-1')).toBe('old');
  const wanted = await cluster.roll({}, { outage: async () => true });
  expect(wanted.codes).toEqual([]);
  expect(cluster.content('gw-1')).toBe('new');
});

test('an interrupt lets the drained node reach a safe point, and starts no other node', async () => {
  const cluster = new Cluster(3);
  const interrupt = new AbortController();
  const run = await cluster.roll(
    {},
    {
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'task.start' && event.host === 'gw-1' && event.task.includes('/app')) interrupt.abort();
      },
    },
  );
  expect(run.report.exitCode).toBe(6);
  expect(['gw-1', 'gw-2', 'gw-3'].map((name) => cluster.content(name))).toEqual(['new', 'old', 'old']);
  expect(['gw-1', 'gw-2', 'gw-3'].map((name) => cluster.fleet.nodeState(name))).toEqual(['in', 'in', 'in']);
});

describe('an interrupt while a drained node is waited for until it is idle', () => {
  /** A node with a session that does not end, and an interrupt one second after the wait begins. */
  async function interrupted(twice: boolean) {
    const cluster = new Cluster(2);
    cluster.fleet.lb.files.set('/sessions/gw-1', { type: 'file', content: Buffer.from('1'), ...ROOT });
    const [interrupt, urgent] = [new AbortController(), new AbortController()];
    const clock = virtualClock((now) => {
      if (now >= 1000) interrupt.abort(new OrchError('INTERRUPTED', 'interrupted'));
    });
    const run = await cluster.roll(
      {},
      {
        clock,
        signal: interrupt.signal,
        urgent: urgent.signal,
        onEvent: (event) => {
          const isBegun = event.type === 'roll.step' && event.step === 'undoDrain' && event.status === 'begun';
          if (twice && isBegun) urgent.abort(new OrchError('INTERRUPTED', 'interrupted'));
        },
      },
    );
    return { run, cluster, ms: clock.now() };
  }

  test.each([
    ['is restored at once', false],
    ['is restored also when a second one comes during the restore', true],
  ])('%s, unchanged and not as a failed one', async (_name, twice) => {
    const { run, cluster, ms } = await interrupted(twice);
    expect(run.report.exitCode).toBe(6);
    expect(ms).toBeLessThan(3000);
    expect(ends(run.events)).toEqual({ 'gw-1': 'untouched', 'gw-2': 'untouched' });
    for (const name of ['gw-1', 'gw-2'])
      expect([cluster.content(name), cluster.fleet.nodeState(name)]).toEqual(['old', 'in']);
    expect(run.codes).toEqual([]);
  });
});

test('a start is decided by an observation that is newer than the answer to a question', async () => {
  const cluster = new Cluster(2);
  const run = await cluster.roll(
    { leaveDrained: true },
    {
      outage: async () => {
        cluster.fleet.set('gw-2', 'down');
        return true;
      },
    },
  );
  expect(cluster.fleet.asked.find((step) => step.startsWith('drain '))).toBe('drain gw-2');
  expect(run.codes).toEqual(['BUDGET_EXHAUSTED']);
});

test('an interrupt during staging marks no node as failed', async () => {
  const cluster = new Cluster(3);
  const interrupt = new AbortController();
  const run = await runPlays(
    [...cluster.nodes, cluster.fleet.lb],
    function* () {
      yield* play({
        name: 'roll',
        hosts: cluster.nodes.map(({ name }) => name).join(','),
        *tasks({ name }) {
          if (name !== 'gw-1') yield note({ path: '/staged', content: 'yes' });
          if (name !== 'gw-1') yield note({ path: '/more', content: 'yes' });
          yield served({ path: '/app', content: 'new' });
        },
      });
    },
    {
      fleet: cluster.fleet,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === 'task.end' && event.host === 'gw-2') interrupt.abort();
      },
    },
  );
  expect(run.report.exitCode).toBe(6);
  expect(ends(run.events)).toEqual({ 'gw-1': 'untouched', 'gw-2': 'untouched', 'gw-3': 'untouched' });
});

test('a node in its soak is compared with nodes that are not changed yet', async () => {
  const cluster = new Cluster(3);
  const counted: string[] = [];
  const { traffic } = cluster.fleet;
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    return (
      own && {
        ...own,
        counters: () => {
          counted.push(node);
          return answer({});
        },
      }
    );
  };
  await cluster.roll();
  const first = (names: readonly string[]) => [...new Set(names)].sort();
  // Each node is counted after its restore, and at the beginning and the end of its soak.
  expect(first(counted.slice(0, 9))).toEqual(['gw-1', 'gw-2', 'gw-3']);
  expect(first(counted.slice(9, 15))).toEqual(['gw-2', 'gw-3']);
});

test('an unreachable node without balancers counts, and blocks no other node', async () => {
  const cluster = new Cluster(3);
  const { traffic } = cluster.fleet;
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    const self = answered({ path: '/app', passes: 1 });
    return (
      own && {
        ...own,
        *observe() {
          if (node === 'gw-3') yield self;
          return yield* own.observe();
        },
      }
    );
  };
  const rollFlags = { includeHeld: false, skipUnreachable: true };
  const run = await cluster.roll({ maxUnavailable: 2 }, { dead: ['gw-3'], rollFlags });
  expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'done', 'gw-3': 'skipped' });
  expect(run.report.exitCode).toBe(3);
});

test('repairs an unhealthy node first, even from a later batch, without using budget', async () => {
  const cluster = new Cluster(2);
  cluster.fleet.set('gw-2', 'down');
  const run = await cluster.roll({}, { batch: [1, '100%'] });
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 0, codes: [] });
  expect(cluster.fleet.asked.filter((step) => step.startsWith('drain '))).toEqual(['drain gw-2', 'drain gw-1']);
});

describe('no change bypasses the disruption gate', () => {
  test('a first read that fails, and succeeds on the retry, does not bypass the drain', async () => {
    const cluster = new Cluster(2);
    for (const node of cluster.nodes) {
      const sha256 = node.sha256.bind(node);
      let reads = 0;
      node.sha256 = async (path) => {
        if (reads++ === 0) throw new OrchError('READ_FAILED', 'busy', { retryable: true });
        return sha256(path);
      };
      node.onWrite = (moment) => {
        if (moment === 'before')
          expect([node.name, cluster.fleet.nodeState(node.name)]).toEqual([node.name, 'drained']);
      };
    }
    const run = await cluster.roll();
    expect(run.codes).toEqual([]);
    expect(cluster.fleet.asked).toContain('drain gw-1');
  });

  test('more hosts than workers, and nothing to change', async () => {
    const cluster = new Cluster(4);
    await cluster.roll();
    expect((await cluster.roll({}, { forks: 1 })).codes).toEqual([]);
  });

  test('a finished node that becomes unhealthy fails the run, and is named', async () => {
    const cluster = new Cluster(2);
    let soaked = false;
    cluster.fleet.onStep = (step, node) => {
      soaked ||= step === 'stillHealthy' && node === 'gw-2';
      if (soaked && step === 'stillHealthy' && node === 'gw-1')
        throw new OrchError('LB_MEMBER_NOT_UP', 'down', { host: 'lb' });
    };
    const run = await cluster.roll();
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['LB_MEMBER_NOT_UP'] });
    expect(ends(run.events)).toEqual({ 'gw-1': 'failed', 'gw-2': 'done' });
  });

  test('a task that becomes disruptive by the state of the hosts is refused when it is reached', async () => {
    const cluster = new Cluster(2);
    const plays = function* () {
      yield* play({
        name: 'elsewhere',
        hosts: 'gw-1',
        *tasks() {
          const { there } = yield* found({ path: '/app' });
          if (there === 'yes') yield served({ path: '/app', content: 'new' }).delegate('gw-2');
        },
      });
    };
    const found = defineQuery({
      kind: 'found',
      params: z.object({ path: z.string() }),
      look: async (p, host) => ({ there: (await host.stat(p.path)) === null ? 'no' : 'yes' }),
    });
    const { codes, events } = await runPlays([...cluster.nodes, cluster.fleet.lb], plays, { fleet: cluster.fleet });
    expect([codes, cluster.content('gw-2')]).toEqual([['NOT_DRAINED'], 'old']);
    expect(events.at(-1)).toMatchObject({
      errors: [
        {
          message: expect.stringMatching(/: change refused, node gw-2 is not drained$/),
          hint: 'state this change in the play of gw-2, without delegate()',
        },
      ],
    });
  });

  test('a task that interrupts another host’s node is refused offline', async () => {
    const cluster = new Cluster(2);
    const plays = function* () {
      yield* play({
        name: 'elsewhere',
        hosts: 'gw-1',
        *tasks() {
          yield served({ path: '/app', content: 'new' }).delegate('gw-2');
        },
      });
    };
    const hosts = [...cluster.nodes, cluster.fleet.lb];
    await expect(runPlays(hosts, plays, { fleet: cluster.fleet })).rejects.toMatchObject({ code: 'DELEGATED_IMPACT' });
  });
});

describe('after Ctrl-C', () => {
  const interruptedAt = async (step: string) => {
    const cluster = new Cluster(3);
    const stop = new AbortController();
    const run = await cluster.roll(
      {},
      {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'roll.step' && event.step === step && event.status === 'begun') stop.abort();
        },
      },
    );
    return { run, view: run.events.reduce(fold, EMPTY_VIEW) };
  };

  test.each(['waitReady', 'restore', 'soak'])('at the step %s: the finished node is reported as done', async (step) => {
    const { run, view } = await interruptedAt(step);
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'untouched', 'gw-3': 'untouched' });
    const table = recap(view, noPaint).join('\n');
    expect(table).toMatch(/gw-1 +done +in service/);
    expect(table).toMatch(/gw-2 +not started +in service/);
    expect(table).toContain('INTERRUPTED: 1 host changed, 2 not started');
  });
});

test('a container that a play was to stop is started again by a run, not restored', async () => {
  const cluster = new Cluster(2);
  const run = await cluster.roll(
    { leaveDrained: true, maxUnavailable: '100%' },
    {
      outage: async () => true,
      restoreCommand: (node) => `lb restore ${node}`,
      startCommand: (node) => `run start --limit ${node}`,
    },
  );
  const end = run.events.find((event) => event.type === 'roll.end');
  expect(end?.type === 'roll.end' && end.nodes['gw-1']).toMatchObject({
    next: 'run start --limit gw-1',
    stopped: true,
  });
  expect(recap(run.events.reduce(fold, EMPTY_VIEW), noPaint)).toContain('To start gw-1: run start --limit gw-1');
});

test('a check that refuses before anything was written leaves nothing changed: exit code 2', async () => {
  const cluster = new Cluster(1);
  const refuses = defineTask<z.ZodObject, void, { readonly accepted: boolean }, void>({
    kind: 'refuses',
    params: z.object({}),
    impact: 'none',
    claim: () => 'file:/accepted',
    read: async () => ({ accepted: false }),
    want: () => ({ accepted: true }),
    write: async () => {
      throw new OrchError('CONFIG_REFUSED', 'refused', { nothingChanged: true });
    },
  });
  const run = await runPlays([...cluster.nodes, cluster.fleet.lb], function* () {
    yield* play({
      name: 'refused',
      hosts: 'gw-1',
      *tasks() {
        yield refuses({});
      },
    });
  });
  expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: ['CONFIG_REFUSED'], exit: 2 });
});
