import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/errors.ts';
import { Cluster, ends } from '../support/toy-cluster.ts';

describe('what an earlier run left out of traffic', () => {
  const left = async (): Promise<Cluster> => {
    const cluster = new Cluster(3);
    await cluster.roll();
    cluster.fleet.set('gw-2', 'mine');
    return cluster;
  };

  test.each([['100%'], [1]] as const)(
    'is given back before a program waits for it, in batches of %s',
    async (batch) => {
      const cluster = await left();
      const run = await cluster.roll({}, { gated: true, batch });
      expect({ codes: run.codes, exit: run.report.exitCode }).toEqual({ codes: [], exit: 0 });
      expect(cluster.fleet.standing('gw-2')).toBe('in');
      expect(ends(run.events)).toEqual({ 'gw-1': 'unchanged', 'gw-2': 'done', 'gw-3': 'unchanged' });
    },
  );

  test('is not waited for where the roll has stopped', async () => {
    const cluster = await left();
    cluster.fleet.onStep = (step, node) => {
      if (step === 'ready' && node === 'gw-1') throw new OrchError('NOT_READY', 'answers 500', { host: 'gw-1' });
    };
    cluster.fleet.set('gw-1', 'mine');
    const run = await cluster.roll({}, { gated: true });
    expect(run.codes).toEqual(['NOT_READY']);
    expect(ends(run.events)).toMatchObject({ 'gw-1': 'failed', 'gw-2': 'untouched' });
    expect(cluster.fleet.standing('gw-2')).toBe('mine');
  });
});
