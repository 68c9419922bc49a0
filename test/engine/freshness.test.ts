import { expect, test } from 'vitest';
import { type AnyErrorCode, OrchError } from '../../src/core/base/errors.ts';
import type { Steps } from '../../src/core/task/task.ts';
import type { FakeHost } from '../../src/testing/fake-host.ts';
import { bareHost, put } from '../support/cluster/bare-host.ts';
import { onePlay, runPlays, virtualClock } from '../support/cluster/run-fake.ts';
import { answered, note } from '../support/cluster/toy-tasks.ts';

/** Applies something to the host's files after its nth write. */
const afterWrite = (fake: FakeHost, nth: number, act: () => void): void => {
  fake.onWrite = (moment, count) => {
    if (moment === 'after' && count === nth) act();
  };
};

const notes = (...names: readonly string[]) =>
  onePlay(function* (): Steps {
    for (const name of names) yield note({ path: `/etc/${name}`, content: name });
  });

test('a plan behind one that mended itself is read again before it is acted upon', async () => {
  const fake = bareHost();
  await runPlays([fake], notes('a', 'b', 'c', 'd'));
  for (const name of ['a', 'b', 'd']) put(fake, `/etc/${name}`, 'drifted');
  // Writing `a` brings `b` and `d` with it: neither may be written on the strength of what was read before.
  afterWrite(fake, fake.writes + 1, () => {
    for (const name of ['b', 'd']) put(fake, `/etc/${name}`, name);
  });
  const before = fake.writes;
  const run = await runPlays([fake], notes('a', 'b', 'c', 'd'));
  expect(run.rows).toEqual(['changed note /etc/a', 'ok note /etc/b', 'ok note /etc/c', 'ok note /etc/d']);
  expect(fake.writes - before).toBe(1);
});

test('what a write broke further on is seen and written, not reported as ok', async () => {
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

test('what changed while a gate was waited for is seen', async () => {
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

test('gates and tasks behind one change are read a number of times that grows with them, not with their square', async () => {
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
] as const)('a last look that fails %s', async (_name, retryable, times, codes) => {
  const { fake, flap } = flapping('READ_FAILED', retryable, times);
  const tasks: (string | undefined)[] = [];
  const run = await runPlays([fake], notes('a', 'b', 'c'), {
    onEvent: (event) => {
      if (event.type === 'task.start' && event.task === 'note /etc/c') flap();
      if (event.type === 'run.end') tasks.push(...event.errors.map(({ task }) => task));
    },
  });
  expect(run.codes).toEqual(codes);
  // What could not be read does not count as different.
  expect(tasks).toEqual(codes.map(() => 'note /etc/b'));
});

test('with a wait behind the last write everything is looked at after the wait', async () => {
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

test.each([false, true])('a read that fails once at its turn is tried once more (check: %s)', async (check) => {
  const { fake, flap } = flapping('READ_FAILED', true, 1);
  await runPlays([fake], notes('a', 'b'));
  flap();
  expect((await runPlays([fake], notes('a', 'b'), { check })).rows).toEqual(['ok note /etc/a', 'ok note /etc/b']);
});

test('texts that cannot be fetched because the connection cannot be had are left out', async () => {
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
