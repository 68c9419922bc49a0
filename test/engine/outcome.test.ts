import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { type Plays, play } from '../../src/core/play/play.ts';
import type { Steps } from '../../src/core/task/task.ts';
import { bareHost, put } from '../support/cluster/bare-host.ts';
import { onePlay, runPlays } from '../support/cluster/run-fake.ts';
import { answered, gone, job, note } from '../support/cluster/toy-tasks.ts';

describe('a result that stays unknown', () => {
  const program = onePlay(function* (): Steps {
    yield note({ path: '/etc/a', content: 'a' });
    const nothing = yield* gone({ path: '/etc/old' });
    if (`${nothing.there}` === 'true') yield note({ path: '/etc/b', content: 'b' });
  });

  test('is unknown in check mode', async () => {
    const run = await runPlays([bareHost()], program, { check: true });
    expect(run.rows.at(-1)).toBe('unknown the tasks that follow');
    expect(run.report.outcome).toBe('ok');
  });

  test('fails an apply and names the task that produces it', async () => {
    const run = await runPlays([bareHost()], program);
    expect(run.rows.at(-1)).toBe('failed the tasks that follow');
    expect(run.codes).toEqual(['NOT_KNOWN']);
    expect(run.events.at(-1)).toMatchObject({
      outcome: 'partial',
      errors: [{ message: expect.stringContaining('gone /etc/old'), hint: expect.stringContaining('result') }],
    });
  });
});

describe('a lost connection', () => {
  const cut = (moment: 'before' | 'after') => {
    let ran = 0;
    const fake = bareHost({ command: () => ({ code: ran++ * 0 }) });
    fake.onWrite = (at) => {
      if (at === moment) throw new OrchError('CONNECTION_LOST', 'cut', { retryable: true });
    };
    return { fake, ran: () => ran };
  };

  test.each(['before', 'after'] as const)(
    'during a task that nothing can be read back of is an open question (%s it ran)',
    async (moment) => {
      const { fake, ran } = cut(moment);
      const run = await runPlays(
        [fake],
        onePlay(function* (): Steps {
          yield job({ name: 'migrate' });
          yield note({ path: '/etc/a', content: 'a' });
        }),
      );
      expect(run.rows).toEqual(['failed job migrate', 'skipped note /etc/a']);
      expect(run.events.at(-1)).toMatchObject({
        errors: [{ code: 'OUTCOME_UNKNOWN', hint: expect.stringContaining('run again') }],
        exitCode: 3,
      });
      expect(ran()).toBe(moment === 'after' ? 1 : 0);
      expect(fake.writes).toBe(1);
    },
  );
});

describe('an interrupt', () => {
  const during = (title: string) => {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      onEvent: (event: { readonly type: string; readonly task?: string }) => {
        if (event.type === 'task.start' && event.task === title) controller.abort(new Error('stop'));
      },
    };
  };

  const twoPlays = function* (): Plays {
    for (const name of ['a', 'b'])
      yield* play({
        name,
        hosts: 'all',
        *tasks() {
          yield note({ path: `/etc/${name}`, content: name });
        },
      });
  };

  test('during the last task leaves nothing undone', async () => {
    const run = await runPlays([bareHost()], twoPlays, during('note /etc/b'));
    expect(run.report).toMatchObject({ outcome: 'ok', exitCode: 0, hosts: { h1: { changed: 2, skipped: 0 } } });
  });

  test('before another play leaves that play undone', async () => {
    const fake = bareHost();
    const run = await runPlays([fake], twoPlays, during('note /etc/a'));
    expect(run.report).toMatchObject({ outcome: 'interrupted', exitCode: 6, hosts: { h1: { changed: 1 } } });
    expect(fake.files.has('/etc/b')).toBe(false);
  });

  test('during the last gate leaves that gate undone', async () => {
    const fake = bareHost();
    put(fake, '/answer', 'no');
    const program = onePlay(function* (): Steps {
      yield answered({ path: '/answer' });
    });
    const run = await runPlays([fake], program, during('answered /answer'));
    expect(run.report).toMatchObject({ outcome: 'interrupted', exitCode: 6, hosts: { h1: { skipped: 1 } } });
  });
});
