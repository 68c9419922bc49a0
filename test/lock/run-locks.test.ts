import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTAINERS } from '../../src/api7/paths.ts';
import { OrchError } from '../../src/core/base/errors.ts';
import { DOCKER_WRITES, HOST_WRITES } from '../../src/core/host/host-writes.ts';
import { Controller, HERE, LockWorld } from './two-runs.ts';

const OWNED = { mode: '0644', owner: 'root', group: 'root' } as const;
const MINUTES = 60_000;

const write = async (by: Controller, host: string): Promise<void> =>
  (await by.hosts.get(host)).writeFile('/run/x', by.name, OWNED);
const order = async (by: Controller, host: string): Promise<void> =>
  (await by.hosts.get(host)).haproxyCommand('/run/h.sock', 'set server a/b state drain');

const locked = (holder: string) => ({
  code: 'HOST_LOCKED',
  message: expect.stringMatching(new RegExp(`is locked by ${holder}@desk with run install, for \\w+ .*run-${holder}`)),
  hint: expect.stringContaining('--lock-wait'),
});

describe('taking', () => {
  test('disjoint runs do not meet; of overlapping and nested ones the second is refused, and holds nothing', async () => {
    const world = new LockWorld(['a', 'b', 'c', 'd']);
    const first = new Controller(world, 'first');
    await world.until(first.take('b', 'c'));
    for (const [name, hosts] of Object.entries({
      overlapping: ['a', 'b'],
      nested: ['c'],
      around: ['a', 'b', 'c', 'd'],
    })) {
      const second = new Controller(world, name);
      await expect(world.until(second.take(...hosts))).rejects.toMatchObject(locked('first'));
      expect([...world.hosts.values()].map(({ locks }) => locks.record?.by)).toEqual([
        undefined,
        'first@desk',
        'first@desk',
        undefined,
      ]);
    }
    const disjoint = new Controller(world, 'disjoint');
    await world.until(disjoint.take('a', 'd'));
    await write(disjoint, 'a');
    await write(first, 'b');
    await expect(write(first, 'a')).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(first.fenced).toBeUndefined();
  });

  test('a live holder is waited for up to the timeout', async () => {
    const world = new LockWorld(['a']);
    const first = new Controller(world, 'first');
    await world.until(first.take('a'));
    const impatient = new Controller(world, 'impatient');
    const begun = world.time.now();
    await expect(world.until(impatient.take('a'))).rejects.toMatchObject(locked('first'));
    // No longer than to its next beat.
    expect(world.time.now() - begun).toBeLessThan(15_000);
    const patient = new Controller(world, 'patient', { waitMs: 10 * MINUTES });
    const taking = patient.take('a');
    await world.pass(3 * MINUTES);
    await world.until(first.locks.release());
    await world.until(taking);
    expect(world.host('a').locks.record?.by).toBe('patient@desk');
    expect(patient.said).toEqual([expect.stringMatching(/^a is locked by first@desk .*; waiting up to 10m for it$/)]);
  });

  test('Ctrl-C ends the wait, and nothing is held', async () => {
    const world = new LockWorld(['a', 'b']);
    const first = new Controller(world, 'first');
    await world.until(first.take('a'));
    const interrupt = new AbortController();
    const second = new Controller(world, 'second', { waitMs: 10 * MINUTES, signal: interrupt.signal });
    const taking = second.take('a', 'b').catch((error: unknown) => error);
    await world.pass(30_000);
    const begun = world.time.now();
    interrupt.abort(new OrchError('INTERRUPTED', 'interrupted'));
    expect(await world.until(taking)).toMatchObject({ code: 'INTERRUPTED' });
    expect(world.time.now() - begun).toBeLessThan(1000);
    expect([...world.hosts.values()].map(({ locks }) => locks.record?.by)).toEqual(['first@desk', undefined]);
  });

  test('a run is refused after the timeout', async () => {
    const world = new LockWorld(['a']);
    const first = new Controller(world, 'first');
    await world.until(first.take('a'));
    const second = new Controller(world, 'second', { waitMs: 2 * MINUTES });
    const begun = world.time.now();
    await expect(world.until(second.take('a'))).rejects.toMatchObject(locked('first'));
    expect(world.time.now() - begun).toBeGreaterThanOrEqual(2 * MINUTES);
    expect(world.time.now() - begun).toBeLessThan(3 * MINUTES);
  });

  test('two runs that begin at the same time: one gets everything', async () => {
    const world = new LockWorld(['a', 'b', 'c']);
    const runs = [new Controller(world, 'first'), new Controller(world, 'second')];
    const ends = await world.until(Promise.allSettled([runs[0]?.take('c', 'b', 'a'), runs[1]?.take('a', 'b', 'c')]));
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(new Set([...world.hosts.values()].map(({ locks }) => locks.record?.token)).size).toBe(1);
  });

  test('without a conflict it takes one round trip, for any number of hosts', async () => {
    const world = new LockWorld(['a', 'b', 'c', 'd']);
    const seen: string[] = [];
    const tell = (word: string) => async (host: string, operation: string) => {
      if (operation !== 'lock.take') return;
      seen.push(`${word} ${host}`);
      await world.time.sleep(10);
    };
    const run = new Controller(world, 'run', { step: tell('asked'), after: tell('took') });
    await world.until(run.take('a', 'b', 'c', 'd'));
    expect(seen.slice(0, 4).toSorted()).toEqual(['asked a', 'asked b', 'asked c', 'asked d']);
    expect(seen.slice(4).toSorted()).toEqual(['took a', 'took b', 'took c', 'took d']);
  });

  test('in any meeting of runs, at any speed of hosts: one run gets everything, and a refused one holds nothing', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const wish = fc.record({
      hosts: fc.subarray(names, { minLength: 1 }),
      slow: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 4, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { minLength: 2, maxLength: 3 }), async (wishes) => {
        const world = new LockWorld(names);
        const runs = wishes.map(
          ({ slow }, at) =>
            new Controller(world, `r${at}`, {
              step: async (host, operation) => {
                if (operation.startsWith('lock.')) await world.time.sleep(slow[names.indexOf(host)] ?? 0);
              },
            }),
        );
        const ends = await world.until(
          Promise.allSettled(runs.map((run, at) => run.take(...(wishes[at]?.hosts ?? [])))),
        );
        const holders = ends.flatMap(({ status }, at) => (status === 'fulfilled' ? [at] : []));
        expect(holders.length).toBeGreaterThan(0);
        for (const name of names) {
          const holder = holders.filter((at) => wishes[at]?.hosts.includes(name)).map((at) => `r${at}@desk`);
          expect([world.host(name).locks.record?.by].filter((by) => by !== undefined)).toEqual(holder);
        }
        await world.until(Promise.all(runs.map((run) => run.locks.release())));
      }),
      { numRuns: 60 },
    );
  });

  test('balancers are released last', async () => {
    const world = new LockWorld(['lb', 'a', 'b']);
    const released: string[] = [];
    const run = new Controller(world, 'run', {
      scope: (names) => ({ names, balancers: ['lb'], majorities: [] }),
      step: (host, operation) => void (operation === 'lock.release' && released.push(host)),
    });
    await world.until(run.take('a', 'b'));
    await world.until(run.locks.release());
    expect(released.at(-1)).toBe('lb');
    expect(released.toSorted()).toEqual(['a', 'b', 'lb']);
  });

  test('with ignored balancers more than half of the pool is locked, so that two runs cannot both be', async () => {
    const world = new LockWorld(['a', 'b', 'c']);
    const scope = (names: readonly string[]) => ({ names, balancers: [], majorities: [['a', 'b', 'c']] });
    const first = new Controller(world, 'first', { scope });
    await world.until(first.take('a'));
    const second = new Controller(world, 'second', { scope });
    await expect(world.until(second.take('c'))).rejects.toMatchObject(locked('first'));
  });

  test('a host without flock is refused, and the locks taken so far are released', async () => {
    const world = new LockWorld(['a', 'b']);
    world.host('b').locks.hasFlock = false;
    await expect(world.until(new Controller(world, 'run').take('a', 'b'))).rejects.toMatchObject({
      code: 'FLOCK_MISSING',
    });
    expect(world.host('a').locks.record).toBe(null);
  });

  test('a user without the rights to lock a host works on it without a lock, and on the others with a lock', async () => {
    const world = new LockWorld(['a', 'b']);
    world.host('b').locks.isRoot = false;
    const run = new Controller(world, 'run');
    await world.until(run.take('a', 'b'));
    await world.until(Promise.all([write(run, 'a'), write(run, 'b')]));
    expect([world.host('a').locks.record?.run, world.host('b').locks.record]).toEqual(['run-run', null]);
    await expect(world.until(new Controller(world, 'other').take('a', 'b'))).rejects.toMatchObject(locked('run'));
  });
});

describe('taking over', () => {
  /** A run that holds both hosts and is stopped. */
  const abandoned = async (world: LockWorld): Promise<Controller> => {
    const first = new Controller(world, 'first');
    await world.until(first.take('a', 'b'));
    first.stop();
    return first;
  };

  test('a lock without a beat for a TTL is taken over, all hosts in one TTL', async () => {
    const world = new LockWorld(['a', 'b']);
    await abandoned(world);
    const second = new Controller(world, 'second');
    const begun = world.time.now();
    await world.until(second.take('a', 'b'));
    expect(world.time.now() - begun).toBeGreaterThanOrEqual(60_000);
    expect(world.time.now() - begun).toBeLessThan(75_000);
    for (const { locks } of world.hosts.values())
      expect([locks.record?.by, locks.epoch, locks.old]).toEqual(['second@desk', 2, []]);
    expect(second.said.at(-1)).toBe(
      'took over the locks of a, b from first@desk with run install (run run-first), which showed no sign of life',
    );
  });

  test('a lock of an earlier boot is taken over at once', async () => {
    const world = new LockWorld(['a']);
    const first = new Controller(world, 'first');
    await world.until(first.take('a'));
    const { locks } = world.host('a');
    locks.boot = 'boot-2';
    const second = new Controller(world, 'second');
    const begun = world.time.now();
    await world.until(second.take('a'));
    expect(world.time.now() - begun).toBeLessThan(1000);
  });

  describe('a run that was killed', () => {
    const FIRST = { ...HERE, pid: 100, start: 7 };
    /** The time until a run of this machine has the lock of the killed one. */
    const takenAfter = async (processes: readonly (readonly [number, number])[], first = FIRST): Promise<number> => {
      const world = new LockWorld(['a', 'b']);
      const killed = new Controller(world, 'first', { process: first });
      await world.until(killed.take('a', 'b'));
      killed.stop();
      for (const [pid, start] of processes) world.processes.set(pid, start);
      const { locks } = world.host('a');
      const session = locks.record?.sessions[0];
      locks.underWay = 1;
      const begun = world.time.now();
      const second = new Controller(world, 'second', { process: { ...HERE, pid: 200, start: 9 } });
      const taking = second.take('a', 'b');
      await world.pass(4000);
      // Its pending operations end before that, and its running scripts are waited for.
      expect([locks.hasEnded(session as NonNullable<typeof session>), locks.record?.by]).toEqual(
        locks.old.length > 0 ? [true, 'second@desk'] : [false, 'first@desk'],
      );
      locks.underWay = 0;
      await world.until(taking);
      expect([locks.record?.by, locks.old]).toEqual(['second@desk', []]);
      return world.time.now() - begun;
    };

    test('on this machine: its lock is taken over at once', async () => {
      expect(await takenAfter([])).toBeLessThan(10_000);
    });
    test('its number is that of another process by now: at once', async () => {
      expect(await takenAfter([[100, 8]])).toBeLessThan(10_000);
    });
    test.each<[string, readonly (readonly [number, number])[], typeof FIRST]>([
      ['its process is still there', [[100, 7]], FIRST],
      ['on another machine', [], { ...FIRST, machine: 'another' as 'desk' }],
      ['before a boot of this machine', [], { ...FIRST, boot: 'another' as 'boot of desk' }],
    ])('%s: after a TTL', async (_, processes, first) => {
      expect(await takenAfter(processes, first)).toBeGreaterThanOrEqual(60_000);
    });

    test('a run whose process is alive is busy, however late its beat', async () => {
      const world = new LockWorld(['a']);
      const first = new Controller(world, 'first', { process: FIRST });
      world.processes.set(100, 7);
      await world.until(first.take('a'));
      first.stop();
      await world.pass(50_000);
      first.go();
      const second = new Controller(world, 'second', { process: { ...HERE, pid: 200, start: 9 } });
      await expect(world.until(second.take('a'))).rejects.toMatchObject(locked('first'));
    });
  });

  test('a controller that continues after its TTL writes nothing more, anywhere', async () => {
    for (const act of [write, order]) {
      const world = new LockWorld(['a', 'b', 'c']);
      const first = new Controller(world, 'first');
      await world.until(first.take('a', 'b', 'c'));
      await act(first, 'c');
      first.stop();
      const second = new Controller(world, 'second');
      await world.until(second.take('a', 'b'));
      await act(second, 'a');
      const before = world.written.length;
      first.go();
      for (const host of ['c', 'a', 'b'])
        await expect(world.until(act(first, host))).rejects.toMatchObject({ code: 'FENCED' });
      expect(first.fenced?.message).toContain('it is held by second@desk');
      await world.until(first.locks.release());
      expect(world.written.slice(before)).toEqual([]);
      expect(world.host('a').locks.record?.by).toBe('second@desk');
      await act(second, 'b');
    }
  });

  test('operations on other channels are ended and waited for before the first write', async () => {
    const world = new LockWorld(['a', 'b']);
    await abandoned(world);
    const { locks } = world.host('a');
    locks.underWay = 1;
    const session = locks.record?.sessions[0];
    const second = new Controller(world, 'second');
    const taking = second.take('a', 'b');
    await world.pass(80_000);
    expect(locks.hasEnded(session as NonNullable<typeof session>)).toBe(true);
    expect(locks.old).toHaveLength(1);
    locks.underWay = 0;
    await world.until(taking);
    expect(locks.old).toEqual([]);
  });

  test.each(['its connections do not end', 'a script of it still runs'])(
    '%s: refused, and the next run continues from there',
    async (why) => {
      const world = new LockWorld(['a', 'b']);
      await abandoned(world);
      const { locks } = world.host('a');
      if (why.includes('script')) locks.underWay = 1;
      else locks.stubborn.add(locks.record?.sessions[0]?.pid ?? 0);
      await expect(world.until(new Controller(world, 'second').take('a', 'b'))).rejects.toMatchObject({
        code: 'HOST_LOCKED',
        message: `on a an earlier run has not ended: ${why}`,
      });
      expect([locks.record, locks.old.length]).toEqual([null, 1]);
      locks.underWay = 0;
      locks.stubborn.clear();
      await world.until(new Controller(world, 'third').take('a', 'b'));
      expect(locks.old).toEqual([]);
    },
  );

  test('a stop by the Engine is waited for until the container has no process', async () => {
    const world = new LockWorld(['a', 'b']);
    const host = world.host('a');
    host.engine.loadArchive({ classic: 'sha256:x', containerd: 'sha256:x' }, 'x:1');
    await host.engine.create(CONTAINERS.gateway, { Image: 'x:1', HostConfig: { RestartPolicy: { Name: 'no' } } });
    await host.engine.start(CONTAINERS.gateway);
    const first = new Controller(world, 'first', {
      step: async (_, operation) => {
        if (operation === 'docker.stop') await new Promise(() => undefined);
      },
    });
    await world.until(first.take('a', 'b'));
    void (await first.hosts.get('a')).docker
      .stop(CONTAINERS.gateway, { signal: 'SIGQUIT', timeoutSeconds: 250 })
      .catch(() => undefined);
    await world.pass(1000);
    first.stop();
    const { op } = host.locks.record ?? {};
    expect(op).toMatchObject({ what: 'stop', container: CONTAINERS.gateway });
    // Its timeout, the client's own, and half a minute.
    expect((op?.until ?? 0) * 1000).toBeGreaterThanOrEqual(250_000 + 30_000);
    const second = new Controller(world, 'second');
    const taking = second.take('a', 'b');
    await world.pass(2 * MINUTES);
    expect(host.locks.old).toHaveLength(1);
    await host.engine.stop(CONTAINERS.gateway, { signal: 'SIGQUIT', timeoutSeconds: 1 });
    await world.pass(5000);
    await taking;
    expect(world.time.now()).toBeLessThan(4 * MINUTES);
  });

  test('a recorded call ends a moment after its end', async () => {
    const world = new LockWorld(['a']);
    const run = new Controller(world, 'run');
    await world.until(run.take('a'));
    await world.until((await run.hosts.get('a')).docker.remove('none'));
    const { locks } = world.host('a');
    expect(locks.record?.op).toMatchObject({ what: 'remove' });
    await world.pass(2000);
    expect(locks.record?.op).toBe(null);
  });
});

describe('holding', () => {
  test('a beat comes every ten seconds, and reports a request to stop the run', async () => {
    const world = new LockWorld(['a']);
    const beats: number[] = [];
    const run = new Controller(world, 'run', {
      step: (_, operation) => void (operation === 'lock.beat' && beats.push(world.time.now())),
    });
    await world.until(run.take('a'));
    await world.pass(65_000);
    expect(beats).toHaveLength(6);
    const { locks } = world.host('a');
    const { digest, record } = await world.host('a').lock.view();
    await world.host('a').lock.swap(digest ?? '', {
      ...(record as NonNullable<typeof record>),
      stop: { by: 'ops@ci', reason: 'hot fix' },
    });
    await world.pass(11_000);
    expect(run.stops).toEqual([{ by: 'ops@ci', reason: 'hot fix' }]);
    await world.pass(60_000);
    expect(run.stops).toHaveLength(1);
    expect(locks.record?.by).toBe('run@desk');
  });

  test('a late beat alone ends nothing: the lock is confirmed on all hosts, and earlier reads are too old', async () => {
    const world = new LockWorld(['a', 'b']);
    const confirmations: string[] = [];
    const run = new Controller(world, 'run', {
      step: (host, operation) => void (operation === 'lock.beat' && confirmations.push(host)),
    });
    await world.until(run.take('a', 'b'));
    expect(await run.locks.refresh()).toBe(false);
    run.stop();
    await world.pass(50_000);
    confirmations.length = 0;
    run.go();
    expect(await world.until(run.locks.refresh())).toBe(true);
    expect(confirmations.toSorted()).toEqual(['a', 'b']);
    await write(run, 'a');
    expect(await run.locks.refresh()).toBe(false);
  });

  test('before a call the lock is confirmed, unless a beat is fresh', async () => {
    const world = new LockWorld(['a']);
    const beats: number[] = [];
    const run = new Controller(world, 'run', {
      // The reply to each beat takes so long that none is fresh.
      after: (_, operation) => (operation === 'lock.beat' ? world.time.sleep(24_000) : undefined),
      step: (_, operation) => void (operation === 'lock.beat' && beats.push(world.time.now())),
    });
    await world.until(run.take('a'));
    await world.until(order(run, 'a'));
    expect(beats).toEqual([]);
    await world.pass(25_000);
    const before = world.time.now();
    await world.until(order(run, 'a'));
    expect(world.time.now() - before).toBeGreaterThan(5000);
    expect(world.written).toHaveLength(2);
  });

  test('the session of a connection that replaces a lost one is recorded before its first write', async () => {
    const world = new LockWorld(['a']);
    const run = new Controller(world, 'run');
    await world.until(run.take('a'));
    const lost = await run.hosts.get('a');
    run.lost.add('a');
    await expect(lost.chmod('/run', OWNED)).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await world.until(run.hosts.reconnect('a', lost));
    expect(world.host('a').locks.record?.sessions).toHaveLength(1);
    await world.until(write(run, 'a'));
    expect(world.host('a').locks.record?.sessions).toHaveLength(2);
  });

  test.each(['lock.take', 'lock.beat', 'lock.swap', 'lock.release'])(
    'a lost reply to %s counts as arrived',
    async (operation) => {
      const world = new LockWorld(['a']);
      let left = 1;
      const run: Controller = new Controller(world, 'run', {
        after: (host, name) => void (name === operation && left-- > 0 && run.lost.add(host)),
      });
      await world.until(run.take('a'));
      await world.pass(15_000);
      await world.until(order(run, 'a'));
      // As the engine does it: the call itself is made again on another connection.
      const connection = await run.hosts.get('a');
      await world
        .until(connection.docker.remove('none'))
        .catch(async () => (await world.until(run.hosts.reconnect('a', connection))).docker.remove('none'));
      await world.pass(15_000);
      await world.until(run.locks.release());
      expect(left).toBeLessThanOrEqual(0);
      expect(run.fenced).toBeUndefined();
      expect([world.host('a').locks.record, world.host('a').locks.epoch]).toEqual([null, 1]);
    },
  );
});

describe('every operation that changes a host confirms the lock', () => {
  const ARGS: Readonly<Record<string, readonly unknown[]>> = {
    writeFile: ['/run/x', 'x', OWNED],
    swapFile: ['/run/x', { from: null, to: 'x' }, OWNED],
    makeDirectory: ['/run/d', OWNED],
    chmod: ['/run', OWNED],
    remove: ['/run'],
    upload: [import.meta.filename, '/run/x', OWNED],
    run: [{ argv: ['true'] }],
    haproxyCommand: ['/run/h.sock', 'set server a/b state drain'],
    create: ['web', { Image: 'x:1', HostConfig: { RestartPolicy: { Name: 'no' } } }],
    start: ['web'],
    stop: ['web', { signal: 'SIGQUIT', timeoutSeconds: 1 }],
    signal: ['web', 'SIGHUP'],
    rename: ['web', 'web-2'],
    setRestartPolicy: ['web', { Name: 'no' }],
    pull: ['x:2'],
    tag: ['x:1', 'x:3'],
  };
  const all = [
    ...Object.keys(HOST_WRITES).map((name) => [name, false] as const),
    ...Object.keys(DOCKER_WRITES).map((name) => [name, true] as const),
  ];

  test.each(all)('%s', async (name, ofDocker) => {
    const world = new LockWorld(['a']);
    const run = new Controller(world, 'run');
    await world.until(run.take('a'));
    const connection = await run.hosts.get('a');
    run.stop();
    await world.until(new Controller(world, 'other').take('a'));
    run.go();
    const before = world.written.length;
    const receiver: object = ofDocker ? connection.docker : connection;
    const words = ofDocker && name === 'remove' ? ['web'] : (ARGS[name] ?? []);
    await expect(
      world.until(Promise.resolve(Reflect.apply(Reflect.get(receiver, name), receiver, words))),
    ).rejects.toMatchObject({ code: 'FENCED' });
    expect(world.written).toHaveLength(before);
  });
});
