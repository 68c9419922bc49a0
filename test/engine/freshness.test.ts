import { expect, test } from 'vitest';
import { type AnyErrorCode, OrchError } from '../../src/core/base/errors.ts';
import type { Steps } from '../../src/core/task/task.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { bareHost, put } from '../support/cluster/bare-host.ts';
import { onePlay, runPlays, virtualClock } from '../support/cluster/run-fake.ts';
import { answered, note } from '../support/cluster/toy-tasks.ts';

/** Applies a change to the host's files after its nth write. */
const afterWrite = (fake: FakeHost, nth: number, act: () => void): void => {
  fake.onWrite = (moment, count) => {
    if (moment === 'after' && count === nth) act();
  };
};

const notes = (...names: readonly string[]) =>
  onePlay(function* (): Steps {
    for (const name of names) yield note({ path: `/etc/${name}`, content: name });
  });

test('a plan behind a task that repaired itself is read again before it is applied', async () => {
  const fake = bareHost();
  await runPlays([fake], notes('a', 'b', 'c', 'd'));
  for (const name of ['a', 'b', 'd']) put(fake, `/etc/${name}`, 'drifted');
  // Writing `a` writes `b` and `d`, too: neither may be written because of the earlier read.
  afterWrite(fake, fake.writes + 1, () => {
    for (const name of ['b', 'd']) put(fake, `/etc/${name}`, name);
  });
  const before = fake.writes;
  const run = await runPlays([fake], notes('a', 'b', 'c', 'd'));
  expect(run.rows).toEqual(['changed note /etc/a', 'ok note /etc/b', 'ok note /etc/c', 'ok note /etc/d']);
  expect(fake.writes - before).toBe(1);
});

test('a change that an earlier write undid is found and written, not reported as ok', async () => {
  const fake = bareHost();
  await runPlays([fake], notes('a', 'b', 'c'));
  for (const name of ['a', 'b']) put(fake, `/etc/${name}`, 'drifted');
  afterWrite(fake, fake.writes + 1, () => {
    put(fake, '/etc/b', 'b');
    put(fake, '/etc/c', 'broken');
  });
  const run = await runPlays([fake], notes('a', 'b', 'c'));
  expect(run.rows).toEqual(['changed note /etc/a', 'ok note /etc/b', 'changed note /etc/c']);
  expect(run.codes).toEqual([]);
});

test('a change during the wait of a gate is found', async () => {
  const fake = bareHost();
  const program = onePlay(function* (): Steps {
    yield note({ path: '/etc/a', content: 'a' });
    yield answered({ path: '/answer' });
    yield note({ path: '/etc/b', content: 'b' });
    yield note({ path: '/etc/c', content: 'c' });
  });
  put(fake, '/answer', 'yes');
  await runPlays([fake], program);
  put(fake, '/answer', 'no');
  put(fake, '/etc/b', 'drifted');
  const clock = virtualClock(() => {
    put(fake, '/answer', 'yes');
    put(fake, '/etc/b', 'b');
    put(fake, '/etc/c', 'broken');
  });
  const run = await runPlays([fake], program, { clock });
  expect(run.rows.slice(-2)).toEqual(['ok note /etc/b', 'changed note /etc/c']);
});

test('the reads of gates and tasks behind one change grow linearly, not quadratically', async () => {
  const reads = async (n: number): Promise<number> => {
    const fake = bareHost();
    put(fake, '/answer', 'yes');
    const program = onePlay(function* (): Steps {
      yield note({ path: '/etc/first', content: 'x' });
      for (let i = 0; i < n; i++) {
        yield answered({ path: '/answer', passes: 2 });
        yield note({ path: `/etc/${i}`, content: 'x' });
      }
    });
    await runPlays([fake], program);
    put(fake, '/etc/first', 'drifted');
    fake.reads = 0;
    await runPlays([fake], program);
    return fake.reads;
  };
  const [few, many] = [await reads(20), await reads(80)];
  expect(many / few).toBeLessThan(5);
});

const flapping = (code: AnyErrorCode, retryable: boolean, times: number) => {
  const fake = bareHost();
  const real = fake.sha256.bind(fake);
  let left = 0;
  fake.sha256 = async (path) => {
    if (path === '/etc/b' && left > 0) {
      left--;
      throw new OrchError(code, 'once', { retryable });
    }
    return real(path);
  };
  const flap = (): void => {
    left = times;
  };
  return { fake, flap };
};

test.each([
  ['once, and may be tried again', true, 1, []],
  ['twice', true, 2, ['READ_FAILED']],
  ['for a reason that stays', false, 1, ['READ_FAILED']],
] as const)('a last check that fails %s', async (_name, retryable, times, codes) => {
  const { fake, flap } = flapping('READ_FAILED', retryable, times);
  const tasks: (string | undefined)[] = [];
  const run = await runPlays([fake], notes('a', 'b', 'c'), {
    onEvent: (event) => {
      if (event.type === 'task.start' && event.task === 'note /etc/c') flap();
      if (event.type === 'run.end') tasks.push(...event.errors.map(({ task }) => task));
    },
  });
  expect(run.codes).toEqual(codes);
  // A failed read does not count as a difference.
  expect(tasks).toEqual(codes.map(() => 'note /etc/b'));
});

test('with a gate behind the last write, all tasks are read after the wait', async () => {
  const fake = bareHost();
  const clock = virtualClock(() => {
    put(fake, '/answer', 'yes');
    put(fake, '/etc/a', 'gone');
  });
  const program = onePlay(function* (): Steps {
    yield note({ path: '/etc/a', content: 'a' });
    yield answered({ path: '/answer' });
  });
  expect((await runPlays([fake], program, { clock })).codes).toEqual(['NOT_SETTLED']);
});

test.each([false, true])('a task retries a failed read once (check: %s)', async (check) => {
  const { fake, flap } = flapping('READ_FAILED', true, 1);
  await runPlays([fake], notes('a', 'b'));
  flap();
  expect((await runPlays([fake], notes('a', 'b'), { check })).rows).toEqual(['ok note /etc/a', 'ok note /etc/b']);
});

test('texts that cannot be fetched without a connection are left out of the diff', async () => {
  const fake = bareHost();
  let refuse = false;
  const run = await runPlays(
    [fake],
    onePlay(function* (): Steps {
      yield note({ path: '/etc/a', content: 'a' });
    }),
    {
      diff: true,
      check: true,
      onEvent: (event) => {
        if (event.type === 'host.plan') refuse = true;
      },
      connecting: () => {
        if (refuse) throw new OrchError('CONNECT_REFUSED', 'no');
      },
    },
  );
  expect(run.rows).toEqual(['changed note /etc/a']);
});
