import { describe, expect, test } from 'vitest';
import type { Counters } from '../../../src/core/host/balancer.ts';
import { Cluster, ends } from '../../support/toy-cluster.ts';
import { answer } from '../../support/toy-fleet.ts';

/** Nodes behind a balancer that counts; `perCount`: by how many requests each node's counter grows from look to look. */
function counting(count: number, perCount: (node: string) => number): Cluster {
  const cluster = new Cluster(count);
  const { traffic } = cluster.fleet;
  const requests = new Map<string, number>();
  cluster.fleet.traffic = (node) => {
    const own = traffic.call(cluster.fleet, node);
    const counters = () => {
      const total = (requests.get(node) ?? 1000) + perCount(node);
      requests.set(node, total);
      const lb: Counters = {
        requests: total,
        status4xx: 0,
        status5xx: 0,
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

describe('an idle cluster', () => {
  test('is never asked about: the run says so once and ends well, without anybody to ask', async () => {
    const run = await counting(3, () => 0).roll();
    expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 0, codes: [] });
    expect(ends(run.events)).toEqual({ 'gw-1': 'done', 'gw-2': 'done', 'gw-3': 'done' });
    expect(notes(run)).toEqual(['no traffic to compare: error rates were not checked after the restore']);
    expect(run.events.some(({ type }) => type === 'roll.hold')).toBe(false);
  });

  test('nor is a node that is the only one left', async () => {
    const run = await counting(1, () => 300).roll({}, { outage: async () => true });
    expect({ exit: run.report.exitCode, codes: run.codes, notes: notes(run).length }).toEqual({
      exit: 0,
      codes: [],
      notes: 1,
    });
  });
});

test('a node that gets no requests while its peers do is asked about', async () => {
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

test('without anybody to ask, such a node ends the run', async () => {
  const run = await counting(3, (node) => (node === 'gw-1' ? 0 : 100)).roll();
  expect({ exit: run.report.exitCode, codes: run.codes }).toEqual({ exit: 3, codes: ['SOAK_INCONCLUSIVE'] });
});

test('a cluster with traffic is compared, and nothing is noted', async () => {
  const run = await counting(3, () => 100).roll();
  expect([run.report.exitCode, notes(run)]).toEqual([0, []]);
});
