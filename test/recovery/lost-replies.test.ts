import { describe, expect, test } from 'vitest';
import { lbDrain } from '../../src/cli/lb/drain.ts';
import { lbRestore } from '../../src/cli/lb/restore.ts';
import { leasePath } from '../../src/lb/lease.ts';
import { all } from '../lab/all.ts';
import { daySeed, everyNth, randomOfDay, spreadOver } from '../lab/scenes/day-seed.ts';
import { TextStream } from '../render/text-stream.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { installed } from './installed.ts';
import type { SmallCluster } from './small-cluster.ts';

// A connection is lost at one change of a run, including lock, beat and the record of a call. The change is made and its reply is
// lost, or it never arrives. The run reconnects, continues, and leaves no remains.

process.env.DB_PASSWORD = 'right';

const random = randomOfDay(daySeed());

/** Shared by all cases: each leaves the cluster as a successful run does, which is checked. */
let shared: SmallCluster | undefined = await installed();
shared.upgrade();
expect(await shared.run()).toMatchObject({ exitCode: 0 });
await shared.settle();
/** The number of changes of each kind in an upgrade. */
const changes = [...shared.changes];

/** All of them are many: a beat comes every ten seconds from each host. */
const MOST = all ? 40 : 3;

describe.each(changes)('%s, of which an upgrade makes %i', (operation, count) => {
  test.each(
    spreadOver(count, MOST).flatMap((nth) =>
      everyNth(
        2,
        [true, false].map((carriedOut) => ({ nth, carriedOut })),
        random,
      ),
    ),
  )('number $nth, carried out: $carriedOut', async ({ nth, carriedOut }) => {
    // The shared one has the images of both versions: nothing is pulled there, and no pulled image gets its tag.
    const cluster = (['pull', 'tag'].includes(operation) ? undefined : shared) ?? (await installed());
    shared = undefined;
    cluster.upgrade();
    cluster.loses = { operation, nth, carriedOut };
    const ran = await cluster.run();
    expect({ ...ran, where: cluster.lostAt }).toMatchObject({
      ...{ exitCode: 0, codes: [], asked: [], outages: [] },
      where: expect.stringContaining(`${operation} on `),
    });
    cluster.repair();
    await cluster.settle();
    expect(cluster.leftovers()).toEqual([]);
    expect(await cluster.run()).toMatchObject({ exitCode: 0, messages: [] });
    expect(cluster.writes).toBe(0);
    shared = cluster;
  });
});

test('locks, beats, recorded calls, containers, leases and balancers are among them', () => {
  expect(changes.map(([operation]) => operation)).toEqual(
    expect.arrayContaining([
      ...['lock.take', 'lock.beat', 'lock.swap', 'lock.release'],
      ...['create', 'start', 'stop', 'remove', 'rename', 'swapFile', 'writeFile', 'haproxyCommand'],
    ]),
  );
});

describe('lb drain and lb restore', () => {
  const FLAGS = { forks: '5', output: 'json', reason: 'new disks', wait: true, withoutLb: [] } as const;
  const leases = (cluster: SmallCluster): readonly boolean[] =>
    ['lb-1', 'lb-2'].map((lb) => cluster.host(lb).files.has(leasePath('gateways', 'gw-1')));
  const byHand = async (cluster: SmallCluster, verb: 'drain' | 'restore'): Promise<number | undefined> => {
    // A journal is named by its second and its process: here many begin in one.
    process.env.XDG_STATE_HOME = temporaryDirectory('state');
    const stdout = new TextStream() as unknown as NodeJS.WriteStream;
    return await cluster.verb((inventory, environment) =>
      verb === 'drain'
        ? lbDrain(['gw-1'], { ...FLAGS, inventory }, { ...environment, stdout })
        : lbRestore(['gw-1'], { ...FLAGS, inventory }, { ...environment, stdout }),
    );
  };

  test.each(
    (['drain', 'restore'] as const).flatMap((verb) =>
      ['swapFile', 'haproxyCommand'].flatMap((operation) =>
        [0, 1, 2, 3].flatMap((nth) => [true, false].map((carriedOut) => ({ verb, operation, nth, carriedOut }))),
      ),
    ),
  )('$verb: $operation number $nth, carried out: $carriedOut', async ({ verb, ...loses }) => {
    const cluster = await installed();
    if (verb === 'restore') expect(await byHand(cluster, 'drain')).toBe(0);
    const isLost = (): boolean => cluster.lostAt !== undefined;
    cluster.loses = loses;
    expect(await byHand(cluster, verb)).toBe(0);
    // Each balancer's host has two swaps of the lease when a node is restored, one when it is drained, and one order.
    expect(isLost()).toBe(loses.nth < (verb === 'restore' && loses.operation === 'swapFile' ? 4 : 2));
    cluster.repair();
    await cluster.settle();
    expect([cluster.serves('gw-1'), ...leases(cluster)]).toEqual(
      verb === 'drain' ? [false, true, true] : [true, false, false],
    );
    expect(await byHand(cluster, verb)).toBe(0);
    expect(cluster.writes).toBe(0);
  });
});
