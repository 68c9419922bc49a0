import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/errors/error-codes.ts';
import { daySeed, everyNth, momentsOf, randomOfDay } from '../lab/scenes/day-seed.ts';
import { installed } from './installed.ts';
import { RECOVERIES, type Recovery } from './recoveries.ts';
import type { Failing, Operation, Ran, SmallCluster } from './small-cluster.ts';

// A fault occurs, and the run ends with its error code. Then the operator follows the hint and runs the same command again: it
// succeeds, leaves no remains, and requires no outage.

type Lbs = 1 | 2;

/** More than a run has moments right before and right after a write. */
const HALF_WRITES = 320;

/** Clusters by their balancers, for all cases: each leaves its own as a successful run does, which is checked. */
const shared = new Map<Lbs, SmallCluster>();

/** A cluster on which the next `install` changes every node. */
async function due(lbs: Lbs = 2): Promise<SmallCluster> {
  const cluster = shared.get(lbs) ?? (await installed(lbs));
  shared.delete(lbs);
  cluster.upgrade();
  return cluster;
}

/** The same command again. */
async function expectRecovery(
  cluster: SmallCluster,
  playbook: Parameters<SmallCluster['run']>[0] = 'install',
): Promise<void> {
  await cluster.settle();
  const again = await cluster.run(playbook);
  expect(again).toMatchObject({ exitCode: 0, messages: [], asked: [], outages: [] });
  if (playbook !== 'install') expect(await cluster.run()).toMatchObject({ exitCode: 0, messages: [] });
  await cluster.settle();
  expect(cluster.leftovers()).toEqual([]);
  shared.set(cluster.balancers.size as Lbs, cluster);
}

function failedWith(code: ErrorCode, { exitCode, codes, messages, outages }: Ran): void {
  expect({ codes, messages }).toEqual({ codes: expect.arrayContaining([code]), messages });
  expect(exitCode).toBeGreaterThan(0);
  if (code !== 'OUTAGE_NOT_CONFIRMED') expect(outages).toEqual([]);
}

const entries = Object.entries(RECOVERIES) as [ErrorCode, Recovery][];
const rows = <K extends string>(key: K) =>
  entries.flatMap(([code, row]): [ErrorCode, Extract<Recovery, Record<K, unknown>>][] =>
    key in row ? [[code, row as Extract<Recovery, Record<K, unknown>>]] : [],
  );

const PLACES: Readonly<Partial<Record<Operation, readonly string[]>>> = {
  haproxyShow: ['lb-2'],
  haproxyCommand: ['lb-2'],
  swapFile: ['lb-2'],
};

const random = randomOfDay(daySeed());

/** Each error code at each operation that can end with it, on a host and at a time that the day draws. */
const struck = rows('fails').flatMap(([code, { fails, on, as }]) =>
  fails.flatMap((operation) => {
    const cases = (on ?? PLACES[operation] ?? ['cp-2', 'gw-2']).flatMap((host) =>
      [0, 3].map((nth): [string, Failing & { as: ErrorCode }] => [
        `${code}: ${operation} on ${host}, ${nth}`,
        { code, operation, host, nth, as: as ?? code },
      ]),
    );
    return everyNth(cases.length, cases, random);
  }),
);

describe('after a failed operation', () => {
  test.each(struck)('%s', async (_, failing) => {
    const cluster = await due();
    cluster.fail(failing);
    const first = await cluster.run();
    if (cluster.struck) failedWith(failing.as, first);
    else expect(first.exitCode).toBe(0);
    cluster.repair();
    await expectRecovery(cluster);
  });
});

describe.each<Lbs>([2, 1])('with %i balancers: after a wrong state', (lbs) => {
  test.each(rows('cause').filter(([, { ofTwo }]) => lbs === 2 || ofTwo === undefined))(
    '%s',
    async (code, { cause, fix, as = code, playbook, vars }) => {
      const cluster = await due(lbs);
      await cause(cluster);
      cluster.health();
      await cluster.settle();
      const first = await cluster.run(playbook, vars).catch((error: { code: ErrorCode; message: string }) => ({
        exitCode: 2,
        codes: [error.code],
        messages: [error.message],
        asked: [],
        outages: [],
        nodes: {},
      }));
      failedWith(as, first);
      if (fix === undefined) cluster.repair();
      else await fix(cluster);
      cluster.health();
      await expectRecovery(cluster, playbook);
    },
  );
});

describe('after a host was unreachable', () => {
  test.each(rows('connect').map(([code]) => code))('%s, before anything was changed', async (code) => {
    const cluster = await due();
    cluster.refused.set('gw-2', code);
    const first = await cluster.run();
    failedWith(code, first);
    expect(first.exitCode).toBe(2);
    cluster.repair();
    await expectRecovery(cluster);
  });

  test.each(rows('connect').flatMap(([code, { connect }]) => (connect === 'before' ? [] : [code])))(
    '%s, in the middle of its change',
    async (code) => {
      const cluster = await due();
      cluster.onOperation = (host, operation) => {
        if (host !== 'gw-2' || operation !== 'create') return;
        cluster.away.add('gw-2');
        cluster.refused.set('gw-2', code);
      };
      const first = await cluster.run();
      expect(first.exitCode).toBe(3);
      cluster.repair();
      await expectRecovery(cluster);
    },
  );
});

describe('refused input', () => {
  test.each(rows('input'))('%s', async (code, { input }) => {
    await expect((async () => input.bad())()).rejects.toMatchObject({ code });
    await input.good();
  });
});

test.each(rows('test'))('%s is shown by another test', (code, { test: file }) => {
  expect(readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).toContain(code);
});

describe.each<Lbs>([2, 1])('with %i balancers: after the controller was killed', (lbs) => {
  test.each(everyNth(16 / lbs, momentsOf(HALF_WRITES)))('at half write %i', async (at) => {
    const cluster = await due(lbs);
    cluster.killAt = at;
    await cluster.run();
    cluster.repair();
    await expectRecovery(cluster);
  });
});
