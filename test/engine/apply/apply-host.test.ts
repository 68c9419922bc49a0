import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { OrchError } from '../../../src/core/base/errors.ts';
import { type Plays, play } from '../../../src/core/play/play.ts';
import { defineTask } from '../../../src/core/task/define-task.ts';
import { text } from '../../../src/core/task/later.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { onePlay, runPlays, virtualClock } from '../../support/cluster/run-fake.ts';
import { answered, note, process_, served } from '../../support/cluster/toy-tasks.ts';

const ROOT = { mode: '0644', owner: 'root', group: 'root' };
const host = (name = 'h1'): FakeHost => {
  const fake = new FakeHost({ name });
  for (const path of ['/etc', '/run']) fake.files.set(path, { type: 'directory', content: Buffer.alloc(0), ...ROOT });
  return fake;
};
const put = (fake: FakeHost, path: string, content: string): void => {
  fake.files.set(path, { type: 'file', content: Buffer.from(content), ...ROOT });
};

const app = (config: string) =>
  onePlay(function* (): Steps {
    yield note({ path: '/engine', content: 'x' });
    const conf = note({ path: '/etc/app.conf', content: config });
    yield conf;
    yield process_({ name: 'app', restartOn: [conf] });
  });

describe('one host', () => {
  test('check lists what apply then changes, and changes nothing', async () => {
    const fake = host();
    const before = JSON.stringify(fake.snapshot());
    const check = await runPlays([fake], app('a'), { check: true });
    expect(JSON.stringify(fake.snapshot())).toBe(before);
    expect(fake.writes).toBe(0);
    // The engine is missing, but an earlier task installs it: the result is unknown, not an error.
    expect(check.rows).toEqual(['changed note /engine', 'changed note /etc/app.conf', 'unknown process app']);
    const apply = await runPlays([fake], app('a'));
    expect(apply.rows).toEqual(['changed note /engine', 'changed note /etc/app.conf', 'changed process app']);
    expect(apply.report).toMatchObject({ outcome: 'ok', exitCode: 0, hosts: { h1: { changed: 3, ok: 0 } } });
  });

  test('a second run changes nothing and takes one round trip', async () => {
    const fake = host();
    await runPlays([fake], app('a'));
    fake.trips = 0;
    const again = await runPlays([fake], app('a'));
    expect(again.report.hosts.h1).toEqual({ ok: 3, changed: 0, failed: 0, skipped: 0, unknown: 0, unreachable: 0 });
    // The process is read in two steps, one after the other; all other reads share the round trip of its first one.
    expect(fake.trips).toBe(2);
  });

  test('a changed dependency restarts the process that was started from it, and check shows it', async () => {
    const fake = host();
    await runPlays([fake], app('a'));
    const check = await runPlays([fake], app('b'), { check: true });
    expect(check.rows).toEqual(['ok note /engine', 'changed note /etc/app.conf', 'changed process app']);
    const apply = await runPlays([fake], app('b'));
    expect(apply.rows).toEqual(check.rows);
  });

  test('the next run restarts a process after a crash between the config and the restart', async () => {
    const fake = host();
    await runPlays([fake], app('a'));
    put(fake, '/etc/app.conf', 'b');
    const next = await runPlays([fake], app('b'));
    expect(next.rows).toEqual(['ok note /engine', 'ok note /etc/app.conf', 'changed process app']);
  });

  test('round trips grow with the number of changes, not of tasks', async () => {
    const program = (n: number) =>
      onePlay(function* (): Steps {
        for (let i = 0; i < n; i++) yield note({ path: `/etc/${i}`, content: 'x' });
      });
    const fake = host();
    await runPlays([fake], program(40));
    // One read of all tasks, then a write and a confirmation each, and a final read of all tasks.
    expect(fake.trips).toBe(1 + 40 * 2 + 1);
    // The first read also asks for the machine id. Each confirmation but the last reads the task itself and the next one: linear,
    // not quadratic.
    expect(fake.reads).toBe(1 + 40 + 39 * 2 + 1 + 40);
    put(fake, '/etc/20', 'drifted');
    fake.trips = 0;
    await runPlays([fake], program(40));
    expect(fake.trips).toBe(4);
  });

  test('a write without effect is an error, not a change', async () => {
    const run = await runPlays(
      [host()],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a', broken: true });
        yield note({ path: '/etc/b', content: 'b' });
      }),
    );
    expect(run.rows).toEqual(['failed note /etc/a', 'skipped note /etc/b']);
    expect(run.codes).toEqual(['DID_NOT_CONVERGE']);
    expect(run.report.exitCode).toBe(3);
  });

  test('a host whose state keeps changing fails as not settled', async () => {
    const fake = host();
    fake.onWrite = (moment) => {
      if (moment === 'after' && fake.writes === 2) put(fake, '/etc/a', 'gone');
    };
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a' });
        yield note({ path: '/etc/b', content: 'b' });
      }),
    );
    expect(run.codes).toEqual(['NOT_SETTLED']);
  });

  test.each(['before', 'after'] as const)(
    'a connection lost %s the write took effect is no failure',
    async (moment) => {
      const fake = host();
      fake.onWrite = (at, count) => {
        if (at === moment && count === 1) throw new OrchError('CONNECTION_LOST', 'cut');
      };
      const run = await runPlays(
        [fake],
        onePlay(function* (): Steps {
          yield note({ path: '/etc/a', content: 'a' });
        }),
      );
      expect(run.rows).toEqual(['changed note /etc/a']);
      expect(fake.writes).toBe(moment === 'before' ? 2 : 1);
    },
  );

  test('a connection that is lost during the read before a write', async () => {
    let writes = 0;
    let lost = 0;
    const flaky = defineTask({
      kind: 'flaky',
      params: z.object({}),
      claim: () => 'state:flaky',
      impact: 'none',
      read: async () => {
        if (writes === 1 && lost++ < 2) throw new OrchError('CONNECTION_LOST', 'cut', { retryable: true });
        return { writes };
      },
      want: () => ({ writes: 2 }),
      write: async () => {
        if (++writes === 1) throw new OrchError('CONNECTION_LOST', 'cut', { retryable: true });
      },
    });
    const run = await runPlays(
      [host()],
      onePlay(function* (): Steps {
        yield flaky({});
      }),
    );
    expect({ codes: run.codes, rows: run.rows, writes }).toEqual({
      codes: [],
      rows: ['changed flaky flaky'],
      writes: 2,
    });
  });

  test.each([
    [5, [], 6],
    [6, ['CONNECTION_LOST'], 6],
  ])('a connection lost %i times during one change', async (times, codes, writes) => {
    const fake = host();
    fake.onWrite = (moment, count) => {
      if (moment === 'before' && count <= times) throw new OrchError('CONNECTION_LOST', 'cut');
    };
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a' });
      }),
    );
    expect({ codes: run.codes, writes: fake.writes }).toEqual({ codes, writes });
  });
});

describe('results of tasks', () => {
  const asking = onePlay(function* (): Steps {
    yield note({ path: '/engine', content: 'x' });
    const conf = note({ path: '/etc/app.conf', content: 'a' });
    yield conf;
    const started = yield* process_({ name: 'app', restartOn: [conf] });
    yield note({ path: '/etc/pid', content: text`pid ${started.pid}` as string });
  });

  test('an unknown result makes the task that uses it unknown in check mode', async () => {
    const run = await runPlays([host()], asking, { check: true });
    expect(run.rows.at(-1)).toMatch(/^unknown note/);
    expect(run.report.hosts.h1).toMatchObject({ changed: 2, unknown: 2, failed: 0 });
  });

  test('the result is available in apply mode', async () => {
    const fake = host();
    await runPlays([fake], asking);
    expect(fake.files.get('/etc/pid')?.content.toString()).toMatch(/^pid \d+$/);
  });

  test('check mode shows no task after a use of an unknown result outside of parameters', async () => {
    const run = await runPlays(
      [host()],
      onePlay(function* (): Steps {
        yield note({ path: '/engine', content: 'x' });
        const conf = note({ path: '/etc/app.conf', content: 'a' });
        yield conf;
        const started = yield* process_({ name: 'app', restartOn: [conf] });
        for (let i = 0; i < Number(started.pid); i++) yield note({ path: `/etc/${i}`, content: 'x' });
      }),
      { check: true },
    );
    expect(run.rows.at(-1)).toBe('unknown the tasks that follow');
  });

  test('a play passes its hosts’ results to the next play', async () => {
    const hosts = [host('h1'), host('h2')];
    await runPlays(hosts, function* (): Plays {
      const sizes = yield* play({
        name: 'first',
        hosts: 'h1',
        *tasks() {
          yield note({ path: '/etc/first', content: 'x' });
          return 'from h1';
        },
      });
      yield* play({
        name: 'second',
        hosts: 'h2',
        *tasks() {
          yield note({ path: '/etc/a', content: text`${sizes.get('h1') ?? ''}` as string });
        },
      });
    });
    expect(hosts[1]?.files.get('/etc/a')?.content.toString()).toBe('from h1');
  });
});

describe('gates', () => {
  test('wait for as many successes in a row as they require, and never count as changed', async () => {
    const fake = host();
    const asked: number[] = [];
    const clock = virtualClock((now) => {
      asked.push(now);
      put(fake, '/answer', now >= 300 ? 'yes' : 'no');
    });
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a' });
        yield answered({ path: '/answer', passes: 3 });
      }),
      { clock },
    );
    expect(run.rows).toEqual(['changed note /etc/a', 'ok answered /answer']);
    expect(asked).toEqual([100, 200, 300, 400, 500]);
  });

  test('need one success where nothing was changed', async () => {
    const fake = host();
    put(fake, '/answer', 'yes');
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield answered({ path: '/answer', passes: 3 });
      }),
    );
    expect(run.rows).toEqual(['ok answered /answer']);
    expect(fake.trips).toBe(1);
  });

  test('fail with their own message after their timeout; with nothing changed the run is refused', async () => {
    const run = await runPlays(
      [host()],
      onePlay(function* (): Steps {
        yield answered({ path: '/answer' });
      }),
    );
    expect(run.codes).toEqual(['X_NOT_ANSWERED']);
    expect(run.report).toMatchObject({ outcome: 'refused', exitCode: 2 });
  });

  test('fail at once when waiting cannot help', async () => {
    const fake = host();
    put(fake, '/answer', 'crashed');
    const clock = virtualClock();
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield answered({ path: '/answer', hopeless: 'crashed' });
      }),
      { clock },
    );
    expect(run.codes).toEqual(['X_HOPELESS']);
    expect(clock.now()).toBe(0);
  });

  test('are unknown in check mode after a pending change, and fail at once without a timeout', async () => {
    const patient = onePlay(function* (): Steps {
      yield note({ path: '/etc/a', content: 'a' });
      yield answered({ path: '/answer' });
    });
    expect((await runPlays([host()], patient, { check: true })).rows.at(-1)).toBe('unknown answered /answer');
    const strict = onePlay(function* (): Steps {
      yield answered({ path: '/answer', within: 0 });
    });
    expect((await runPlays([host()], strict, { check: true })).rows).toEqual(['failed answered /answer']);
  });
});

describe('several hosts', () => {
  const rolling = (content: string) =>
    onePlay(function* (): Steps {
      yield note({ path: '/etc/staged', content });
      yield served({ path: '/etc/live', content });
      yield answered({ path: '/answer' });
    });

  const fleet = (): FakeHost[] =>
    ['h1', 'h2', 'h3'].map((name) => {
      const fake = host(name);
      put(fake, '/answer', 'yes');
      return fake;
    });

  test('changes serving nodes one host at a time, gates included; stages the other tasks on all hosts at once', async () => {
    const hosts = fleet();
    await runPlays(hosts, rolling('a'));
    const order: string[] = [];
    const run = await runPlays(hosts, rolling('b'), {
      onEvent: (event) => {
        if (event.type === 'task.end' && event.kind !== 'note') order.push(`${event.host} ${event.kind}`);
      },
    });
    expect(run.report.outcome).toBe('ok');
    const firsts = order.filter((_, i) => i % 2 === 0).map((row) => row.split(' ')[0]);
    expect(order).toEqual(firsts.flatMap((name) => [`${name} served`, `${name} answered`]));
  });

  test('changes no other serving host after the first failure', async () => {
    const hosts = fleet();
    await runPlays(hosts, rolling('a'));
    for (const fake of hosts) put(fake, '/answer', 'no');
    const run = await runPlays(hosts, rolling('b'));
    const changed = hosts.filter((fake) => fake.files.get('/etc/live')?.content.toString() === 'b');
    expect(changed).toHaveLength(1);
    expect(run.report).toMatchObject({ outcome: 'partial', exitCode: 3 });
    const skipped = Object.values(run.report.hosts).filter((counts) => counts.skipped > 0);
    expect(skipped).toHaveLength(2);
  });

  test('an interrupt during the gate of one host changes no other host', async () => {
    const hosts = fleet();
    await runPlays(hosts, rolling('a'));
    const controller = new AbortController();
    const run = await runPlays(hosts, rolling('b'), {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'task.end' && event.kind === 'served') {
          for (const fake of hosts) put(fake, '/answer', 'no');
          controller.abort(new Error('stop'));
        }
      },
    });
    expect(hosts.filter((fake) => fake.files.get('/etc/live')?.content.toString() === 'b')).toHaveLength(1);
    expect(run.report.exitCode).toBe(6);
  });

  test.each(['h1', 'h2', 'h3'])(
    'a second run after a failure on %s changes no healthy host before the failed one is healthy',
    async (bad) => {
      const hosts = fleet();
      await runPlays(hosts, rolling('a'));
      for (const fake of hosts) if (fake.name === bad) put(fake, '/answer', 'no');
      const run = await runPlays(hosts, rolling('b'));
      const changed = hosts.filter((fake) => fake.files.get('/etc/live')?.content.toString() === 'b');
      expect(changed.map(({ name }) => name)).toEqual([bad]);
      expect(run.report.exitCode).toBe(3);
    },
  );

  test('a failure at the time of an interrupt is reported', async () => {
    const controller = new AbortController();
    const fake = host();
    fake.onWrite = () => {
      controller.abort(new Error('stop'));
      throw new OrchError('CONTAINER_EXITED', 'gone');
    };
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a' });
      }),
      { signal: controller.signal },
    );
    expect(run.codes).toEqual(['CONTAINER_EXITED']);
  });

  test('an unreachable host refuses the run before any host is changed', async () => {
    const hosts = fleet();
    const run = await runPlays(hosts, rolling('a'), { dead: ['h2'] });
    expect(run.report).toMatchObject({ outcome: 'refused', exitCode: 2, hosts: { h2: { unreachable: 1 } } });
    expect(hosts.map((fake) => fake.writes)).toEqual([0, 0, 0]);
  });

  test('the first batch must end ok before the next one begins', async () => {
    const hosts = fleet();
    put(hosts[0] as FakeHost, '/answer', 'no');
    const run = await runPlays(hosts, function* (): Plays {
      yield* play({
        name: 'p',
        hosts: 'all',
        batch: [1, '100%'],
        *tasks() {
          yield note({ path: '/etc/a', content: 'a' });
          yield answered({ path: '/answer' });
        },
      });
      yield* play({
        name: 'never',
        hosts: 'all',
        *tasks() {
          yield note({ path: '/etc/b', content: 'b' });
        },
      });
    });
    expect(hosts.map((fake) => fake.writes)).toEqual([1, 0, 0]);
    expect(run.rows).not.toContain('changed note /etc/b');
  });

  test('an interrupted run stops before the next task and reports that it can be resumed', async () => {
    const controller = new AbortController();
    const fake = host();
    const run = await runPlays(
      [fake],
      onePlay(function* (): Steps {
        yield note({ path: '/etc/a', content: 'a' });
        yield note({ path: '/etc/b', content: 'b' });
      }),
      {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'task.end') controller.abort(new Error('stop'));
        },
      },
    );
    expect(run.rows).toEqual(['changed note /etc/a', 'skipped note /etc/b']);
    expect(run.report).toMatchObject({ outcome: 'interrupted', exitCode: 6 });
  });
});

describe('a task on another host', () => {
  test('is read on that host and counts for the play’s host', async () => {
    const [web, balancer] = [host('h1'), host('lb')];
    put(balancer, '/answer', 'yes');
    const plays = function* (): Plays {
      yield* play({
        name: 'p',
        hosts: 'h1',
        *tasks() {
          yield answered({ path: '/answer' }).delegate('lb');
        },
      });
    };
    const run = await runPlays([web, balancer], plays);
    expect(run.report.hosts.h1?.ok).toBe(1);
    // Each host is asked for its machine id.
    expect([web.reads, balancer.reads]).toEqual([1, 2]);
  });
});
