import { describe, expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { play } from '../../../src/core/play/play.ts';
import type { Task } from '../../../src/core/task/task.ts';
import { runPlays } from '../../support/cluster/run-fake.ts';
import { Cluster, ends } from '../../support/cluster/toy-cluster.ts';
import { answer, ROOT } from '../../support/cluster/toy-fleet.ts';
import { note, served } from '../../support/cluster/toy-tasks.ts';

describe('a node that an earlier run left drained', () => {
  const left = async (): Promise<Cluster> => {
    const cluster = new Cluster(3);
    await cluster.roll();
    cluster.fleet.set('gw-2', 'drained');
    return cluster;
  };

  test.each([['100%'], [1]] as const)('is restored before a program waits for it, in batches of %s', async (batch) => {
    const cluster = await left();
    const run = await cluster.roll({}, { gated: true, batch });
    expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: [], exit: 0 });
    expect(cluster.fleet.nodeState('gw-2')).toBe('in');
    expect(ends(run.events)).toEqual({ 'gw-1': 'unchanged', 'gw-2': 'done', 'gw-3': 'unchanged' });
  });

  test.each([false, true])(
    'in a pool of two needs no outage: it is restored before the other node is drained (%s)',
    async (gated) => {
      const cluster = new Cluster(2);
      await cluster.roll({}, { outage: async () => true });
      cluster.fleet.set('gw-1', 'drained');
      cluster.nodes[1]?.files.set('/app', { type: 'file', content: Buffer.from('old'), ...ROOT });
      const run = await cluster.roll({}, { gated });
      expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: [], exit: 0 });
      expect(['gw-1', 'gw-2'].map((name) => [cluster.content(name), cluster.fleet.nodeState(name)])).toEqual([
        ['new', 'in'],
        ['new', 'in'],
      ]);
      expect(cluster.mostOut).toBe(1);
    },
  );

  test('is restored by the play that is about its service, and by no other play', async () => {
    const cluster = await left();
    const { fleet, nodes } = cluster;
    const rolled = async (...tasks: readonly Task[]) => {
      const plays = function* () {
        for (const [at, task] of tasks.entries())
          yield* play({
            name: `play ${at}`,
            hosts: 'nodes',
            *tasks() {
              yield task;
            },
          });
      };
      const select = () => nodes.map(({ name }) => ({ name, address: '', groups: [], vars: {} }));
      const { codes } = await runPlays([...nodes, fleet.lb], plays, { fleet, select });
      return { codes, nodeState: fleet.nodeState('gw-2') };
    };
    const beside = note({ path: '/beside', content: 'x' });
    expect(await rolled(beside)).toEqual({ codes: [], nodeState: 'drained' });
    expect(await rolled(beside, served({ path: '/app', content: 'new' }))).toEqual({ codes: [], nodeState: 'in' });
  });

  test('is not waited for where the rolling change has stopped', async () => {
    const cluster = await left();
    cluster.fleet.onStep = (step, node) => {
      if (step === 'waitReady' && node === 'gw-1') throw new OrchError('NOT_READY', 'answers 500', { host: 'gw-1' });
    };
    cluster.fleet.set('gw-1', 'drained');
    const run = await cluster.roll({}, { gated: true });
    expect(run.codes).toEqual(['NOT_READY']);
    expect(ends(run.events)).toMatchObject({ 'gw-1': 'failed', 'gw-2': 'untouched' });
    expect(cluster.fleet.nodeState('gw-2')).toBe('drained');
  });
});

test('a step that a node does not need is reported, so that no number is missing', async () => {
  const cluster = new Cluster(2);
  cluster.fleet.set('gw-2', 'down');
  // Nothing but the playbook brings it back.
  cluster.fleet.onStep = (step, node) => {
    if (step === 'waitReady' && node === 'gw-2') cluster.fleet.set('gw-2', 'drained');
  };
  const run = await cluster.roll();
  const steps = run.events.flatMap((event) =>
    event.type === 'roll.step' && event.host === 'gw-2' && event.status !== 'ok' && event.index !== undefined
      ? [[event.index, event.step, event.status, event.note]]
      : [],
  );
  expect(steps.slice(0, 4)).toEqual([
    [1, 'drain', 'begun', undefined],
    [2, 'waitIdle', 'notNeeded', 'no balancer sends it requests'],
    [3, 'apply', 'begun', undefined],
    [4, 'waitReady', 'begun', undefined],
  ]);
});

describe('unreachable hosts that are skipped', () => {
  const rollFlags = { includeHeld: false, skipUnreachable: true };

  test('are reported at the end, and count', async () => {
    const cluster = new Cluster(3);
    const run = await cluster.roll({ maxUnavailable: 2 }, { dead: ['gw-2'], rollFlags });
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'skipped', 'gw-3': 'done' });
    expect(run.report.exitCode).toBe(3);
  });

  test('do not count where they are no members', async () => {
    const cluster = new Cluster(2);
    const other = new Cluster(1).nodes[0];
    if (other === undefined) throw new Error('there is none');
    Object.assign(other, { name: 'elsewhere' });
    const plays = function* () {
      for (const hosts of ['gw-1,gw-2', 'elsewhere'])
        yield* play({
          name: hosts,
          hosts,
          *tasks() {
            yield served({ path: '/app', content: 'new' });
          },
        });
    };
    const hosts = [...cluster.nodes, cluster.fleet.lb, other];
    const run = await runPlays(hosts, plays, { fleet: cluster.fleet, dead: ['elsewhere'], rollFlags });
    expect([cluster.content('gw-1'), cluster.content('gw-2')]).toEqual(['new', 'new']);
    expect(run.codes).toEqual(['CONNECT_REFUSED']);
  });
});

test('a finding of a program after the rolling change names its node', async () => {
  const cluster = new Cluster(1);
  cluster.fleet.onStep = (step) => {
    if (step === 'stillHealthy') cluster.fleet.set('gw-1', 'down');
  };
  const run = await cluster.roll({}, { gated: true, outage: async () => true });
  expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: ['X_NOT_USED'], exit: 3 });
  expect(ends(run.events)).toEqual({ 'gw-1': 'failed' });
});

test('an unhealthy node fails its soak without a question', async () => {
  const cluster = new Cluster(2);
  const { traffic } = cluster.fleet;
  const none = { requests: 0, status4xx: 0, status5xx: 0, connectErrors: 0, responseErrors: 0, epoch: '1' };
  // Its peer gets requests, the node gets none.
  let requests = 0;
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    const counters = () => {
      requests += 100;
      return answer({ lb: node === 'gw-1' ? none : { ...none, requests } });
    };
    return own && { ...own, counters };
  };
  cluster.fleet.onStep = (step, node) => {
    if (step === 'stillHealthy' && node === 'gw-1') throw new OrchError('NOT_READY', 'gone', { host: 'gw-1' });
  };
  const asked: string[] = [];
  const ask = async (question: string): Promise<boolean> => {
    asked.push(question);
    return true;
  };
  const run = await cluster.roll({}, { ask });
  expect({ codes: run.codes, asked }).toEqual({ codes: ['NOT_READY'], asked: [] });
  expect(cluster.fleet.nodeState('gw-1')).toBe('drained');
});
