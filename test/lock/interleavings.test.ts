import { expect, test } from 'vitest';
import { LOCK_TIMES } from '../../src/lock/lock-times.ts';
import { Controller, HERE, LockWorld } from './two-runs.ts';

const OWNED = { mode: '0644', owner: 'root', group: 'root' } as const;
const DEPTH = 8;
/** The number of TTLs in one story: one for each run to lose its lock. */
const PAUSES = 2;
/** Short, so that little idle time is played. */
const TIMES = { ...LOCK_TIMES, beatMs: 2000, ttlMs: 6000, freshMs: 3000, gapMs: 1000, pollMs: 1000, endMs: 4000 };

/**
 * The next event: an operation of one of the runs, a TTL in which neither continues, or a kill of the process of the first run.
 * Its pending operations may still arrive.
 */
type Choice = 'a' | 'b' | 'time' | 'kill';

const PIDS = { a: 1, b: 2 } as const;
const FOREVER = new Promise<never>(() => undefined);

interface Played {
  /** The possible choices at each step. */
  readonly open: readonly (readonly Choice[])[];
  readonly written: LockWorld['written'];
  /** How the runs ended. */
  readonly ends: readonly string[];
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
};

/**
 * Two runs on the same hosts, each of whose operations waits until it is chosen; after the given choices any possible one runs.
 */
async function play(choices: readonly Choice[]): Promise<Played> {
  const world = new LockWorld(['h']);
  const waiting = new Map<Choice, () => void>();
  const run = async (name: 'a' | 'b'): Promise<string> => {
    const identity = { ...HERE, pid: PIDS[name], start: 1 };
    world.processes.set(identity.pid, identity.start);
    const isKilled = (): boolean => !world.processes.has(identity.pid);
    const controller = new Controller(world, name, {
      times: TIMES,
      process: identity,
      after: () => (isKilled() ? FOREVER : undefined),
      step: () =>
        new Promise<void>((resolve) => {
          if (isKilled()) return;
          const before = waiting.get(name);
          waiting.set(name, () => {
            before?.();
            resolve();
          });
        }),
    });
    try {
      await controller.take('h');
      const host = await controller.hosts.get('h');
      await host.haproxyCommand('/run/h.sock', 'set server a/b state drain');
      await host.writeFile('/run/x', name, OWNED);
      await host.docker.remove('none');
      await controller.locks.release();
      return 'done';
    } catch (error) {
      await controller.locks.release();
      return String((error as { code?: string }).code);
    }
  };
  const killed = Promise.withResolvers<string>();
  let over = 0;
  const ends = Promise.all(
    (['a', 'b'] as const).map((name) =>
      Promise.race([run(name), ...(name === 'a' ? [killed.promise] : [])]).finally(() => over++),
    ),
  );
  const open: (readonly Choice[])[] = [];
  const next = (choice: Choice): void => {
    const go = waiting.get(choice);
    waiting.delete(choice);
    go?.();
  };
  for (let step = 0; over < 2; step++) {
    await turns();
    const possible: readonly Choice[] = [...waiting.keys()].toSorted();
    const pauses = choices.filter((each) => each === 'time').length;
    if (step < DEPTH)
      open.push([
        ...possible,
        ...(pauses < PAUSES && !choices.includes('kill') ? (['time'] as const) : []),
        ...(over === 0 && pauses === 0 && !choices.includes('kill') ? (['kill'] as const) : []),
      ]);
    const choice = choices[step] ?? possible[0] ?? 'time';
    if (choice === 'time')
      await world.time.until(world.time.sleep(step < DEPTH ? TIMES.ttlMs + 1000 : 1000), () => undefined);
    else if (choice === 'kill') {
      world.processes.delete(PIDS.a);
      killed.resolve('killed');
    } else next(choice);
    if (step > 500) throw new Error(`it never ends: ${choices.join(' ')}`);
  }
  return { open, written: world.written, ends: await ends };
}

test(`in every order of the operations of two runs there are never two writers, up to ${DEPTH} of them`, async () => {
  let count = 0;
  const ends = new Set<string>();
  const explore = async (choices: readonly Choice[]): Promise<void> => {
    const played = await play(choices);
    count++;
    const { written } = played;
    // Once a later holder has written, no earlier one does, and each holder is one run.
    for (const [i, { who, epoch }] of written.entries()) {
      const { who: before, epoch: last } = written[i - 1] ?? { who, epoch };
      const story = `${choices.join(' ')}: ${written.map((each) => `${each.who}${each.epoch}`).join(' ')}`;
      expect(epoch, story).toBeGreaterThanOrEqual(last);
      if (epoch === last) expect(who, story).toBe(before);
    }
    ends.add(played.ends.join(' and '));
    // The first choice at each step was played just now.
    for (let step = choices.length; step < Math.min(DEPTH, played.open.length); step++) {
      const [first, ...others] = played.open[step] ?? [];
      const taken = [...choices, ...played.open.slice(choices.length, step).map(([each]) => each as Choice)];
      if (first !== undefined) for (const other of others) await explore([...taken, other]);
    }
  };
  await explore([]);
  console.log(`${count} interleavings of two runs, which ended as: ${[...ends].toSorted().join('; ')}`);
  expect(count).toBeGreaterThan(500);
  expect(ends).toContain('done and done');
  expect(ends).toContain('killed and done');
}, 600_000);
