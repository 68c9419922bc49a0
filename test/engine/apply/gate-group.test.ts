import { describe, expect, test } from 'vitest';
import type { Steps } from '../../../src/core/task/task.ts';
import type { FakeHost } from '../../../src/testing/fake-host.ts';
import { warningsIn } from '../../support/base/events.ts';
import { bareHost, put } from '../../support/cluster/bare-host.ts';
import { type FakeRun, type FakeRunOptions, onePlay, runPlays, sharedClock } from '../../support/cluster/run-fake.ts';
import { answered, note } from '../../support/cluster/toy-tasks.ts';

/** The time at which each file begins to answer yes. */
type Times = Readonly<Record<string, number>>;

/** Runs a program on one host whose files answer yes from these times. */
async function run(
  times: Times,
  tasks: (fake: FakeHost) => Steps<unknown>,
  options: FakeRunOptions = {},
): Promise<FakeRun & { readonly ms: number; readonly fake: FakeHost }> {
  const fake = bareHost();
  const say = (now: number): void => {
    for (const [path, at] of Object.entries(times)) put(fake, path, now >= at ? 'yes' : 'no');
  };
  say(0);
  const clock = sharedClock(say);
  const done = await runPlays(
    [fake],
    onePlay(() => tasks(fake)),
    { clock, ...options },
  );
  return { ...done, ms: clock.now(), fake };
}

const durations = ({ events }: FakeRun) =>
  events.flatMap((event) => (event.type === 'task.end' ? [event.durationMs] : []));

const announced = ({ events }: FakeRun) => events.flatMap((event) => (event.type === 'task.start' ? [event.task] : []));

const gates = (...all: readonly Parameters<typeof answered>[0][]) =>
  function* (): Steps {
    for (const params of all) yield answered(params);
  };

describe('consecutive gates wait side by side', () => {
  test('take as long as the longest of them, each with its own timeout, and end in the order of the playbook', async () => {
    const done = await run(
      { '/a': 300, '/b': 2000, '/c': 1000 },
      gates({ path: '/a' }, { path: '/b' }, { path: '/c' }),
    );
    expect(done.rows).toEqual(['ok answered /a', 'ok answered /b', 'ok answered /c']);
    expect([done.ms, durations(done)]).toEqual([2000, [300, 2000, 1000]]);
  });

  test('each is announced when the gates before it have ended and it still waits', async () => {
    const done = await run({ '/a': 300, '/b': 200, '/c': 900 }, gates({ path: '/a' }, { path: '/b' }, { path: '/c' }));
    expect(announced(done)).toEqual(['answered /a', 'answered /c']);
  });

  test('each polls at its own interval, and needs its own number of successes in a row', async () => {
    const asked = { '/a': 0, '/b': 0 };
    let counts = false;
    const done = await run({ '/a': 0, '/b': 0 }, function* (fake) {
      const read = fake.read.bind(fake);
      // The program runs twice: offline first.
      if (!counts)
        fake.read = (path, limit) => {
          if (path === '/a' || path === '/b') asked[path]++;
          return read(path, limit);
        };
      counts = true;
      yield note({ path: '/etc/x', content: 'x' });
      yield answered({ path: '/a', passes: 3, every: 100 });
      yield answered({ path: '/b', passes: 2, every: 700 });
    });
    expect([done.codes, done.ms]).toEqual([[], 700]);
    // Before the write, after it, while waiting, and at the end.
    expect(asked).toEqual({ '/a': 5, '/b': 4 });
  });

  test('use as many round trips as the gate that polls most often', async () => {
    const one = await run({ '/a': 1000 }, gates({ path: '/a' }));
    const three = await run(
      { '/a': 1000, '/b': 1000, '/c': 1000 },
      gates({ path: '/a' }, { path: '/b' }, { path: '/c' }),
    );
    expect([one.fake.trips, three.fake.trips]).toEqual([11, 11]);
  });

  test('the task after them is read after the last wait', async () => {
    const done = await run({ '/a': 500, '/b': 200 }, function* () {
      yield answered({ path: '/a' });
      yield answered({ path: '/b' });
      yield note({ path: '/a', content: 'yes' });
    });
    expect(done.rows).toEqual(['ok answered /a', 'ok answered /b', 'ok note /a']);
  });
});

describe('the end of a group of gates', () => {
  const at = { '/a': 300, '/b': 900 };

  test.each<[string, () => Steps<unknown>, number]>([
    [
      'before a task',
      function* () {
        yield answered({ path: '/a' });
        yield note({ path: '/etc/x', content: 'x' });
        yield answered({ path: '/b', within: 200 });
      },
      600,
    ],
    [
      'before a gate that the program asks',
      function* () {
        yield answered({ path: '/a' });
        yield* answered({ path: '/b', within: 200 });
      },
      600,
    ],
  ])('%s: the timeout of the next task starts there', async (_, program, ms) => {
    const done = await run(at, program);
    expect([done.codes, done.ms]).toEqual([['X_NOT_ANSWERED'], ms]);
  });
});

describe('a failed gate of a group', () => {
  test('fails the program after the gates before it have passed; those after it stop', async () => {
    const done = await run(
      { '/a': 900, '/b': 9000, '/c': 9000 },
      gates({ path: '/a' }, { path: '/b', within: 300 }, { path: '/c', within: 60_000 }),
    );
    expect(done.rows).toEqual(['ok answered /a', 'failed answered /b', 'skipped answered /c']);
    expect([done.ms, durations(done)]).toEqual([900, [900, 400, 400]]);
  });

  test('the first failure in the order of the playbook is reported', async () => {
    const done = await run({ '/a': 9000, '/b': 9000 }, gates({ path: '/a', within: 800 }, { path: '/b', within: 300 }));
    expect(done.rows).toEqual(['failed answered /a', 'skipped answered /b']);
    expect([done.ms, done.codes]).toEqual([900, ['X_NOT_ANSWERED']]);
  });

  test('a gate that cannot recover ends the wait of the gates after it at once', async () => {
    const done = await run(
      { '/a': 9000, '/b': 9000 },
      gates({ path: '/a', hopeless: 'no', within: 5000 }, { path: '/b', within: 5000 }),
    );
    expect([done.rows, done.ms]).toEqual([['failed answered /a', 'skipped answered /b'], 0]);
  });

  test('a gate that only warns lets the others pass', async () => {
    const done = await run(
      { '/a': 9000, '/b': 500 },
      gates({ path: '/a', within: 300, onTimeout: 'warn' }, { path: '/b' }),
    );
    expect(done.rows).toEqual(['ok answered /a', 'ok answered /b']);
    expect(warningsIn(done.events)).toEqual(['/a said "no"']);
  });
});

test('equal gates of one group count once', async () => {
  const done = await run(
    { '/a': 300, '/b': 500 },
    gates({ path: '/a' }, { path: '/b' }, { path: '/a' }, { path: '/a', within: 9000 }),
  );
  expect(done.rows).toEqual(['ok answered /a', 'ok answered /b', 'ok answered /a']);
  expect(done.report.hosts).toMatchObject({ h1: { ok: 3 } });
});

test('an interrupt ends the wait of the whole group', async () => {
  const controller = new AbortController();
  const fake = bareHost();
  const clock = sharedClock((now) => {
    if (now >= 400) controller.abort();
  });
  const done = await runPlays([fake], onePlay(gates({ path: '/a' }, { path: '/b' })), {
    clock,
    signal: controller.signal,
  });
  expect(done.rows).toEqual(['skipped answered /a', 'skipped answered /b']);
  expect([done.report.outcome, clock.now()]).toEqual(['interrupted', 400]);
});

test('check mode waits for none of them, and names each', async () => {
  const done = await run({ '/a': 300 }, gates({ path: '/a' }, { path: '/a' }, { path: '/b' }), { check: true });
  expect([done.rows, done.ms]).toEqual([['unknown answered /a', 'unknown answered /a', 'unknown answered /b'], 0]);
});
