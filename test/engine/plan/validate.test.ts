import { expect, test } from 'vitest';
import { type Plays, play } from '../../../src/core/play/play.ts';
import type { Steps } from '../../../src/core/task/task.ts';
import { FakeHost } from '../../../src/testing/fake-host.ts';
import { onePlay, runPlays } from '../../support/cluster/run-fake.ts';
import { note, process_ } from '../../support/cluster/toy-tasks.ts';

const twoPlays = (second: string): (() => Plays) =>
  function* () {
    for (const content of ['a', second])
      yield* play({
        name: content,
        hosts: 'all',
        *tasks() {
          yield note({ path: '/a', content });
        },
      });
  };

test.each<{ name: string; plays: () => Plays; code: string }>([
  {
    name: 'two tasks that write the same file',
    code: 'CLAIM_OVERLAP',
    plays: onePlay(function* (): Steps {
      yield note({ path: '/a', content: 'a' });
      yield note({ path: '/a', content: 'b' });
    }),
  },
  {
    name: 'a task of an earlier play that is used',
    code: 'TASK_NOT_YIELDED',
    plays: function* () {
      const first = note({ path: '/a', content: 'a' });
      for (const task of [first, process_({ name: 'app', restartOn: [first] })])
        yield* play({
          name: task.title,
          hosts: 'all',
          *tasks() {
            yield task;
          },
        });
    },
  },
  {
    name: 'a task that is used but never yielded',
    code: 'TASK_NOT_YIELDED',
    plays: onePlay(function* (): Steps {
      yield process_({ name: 'app', restartOn: [note({ path: '/a', content: 'a' })] });
    }),
  },
  {
    name: 'parameters that do not fit',
    code: 'TASK_PARAMS',
    plays: onePlay(function* (): Steps {
      yield note({ path: 7 as unknown as string, content: 'a' });
    }),
  },
])('$name is refused before any host is changed', async ({ plays, code }) => {
  const fake = new FakeHost({ name: 'h1' });
  await expect(runPlays([fake], plays)).rejects.toMatchObject({ code });
  expect(fake.trips).toBe(0);
});

test('two plays may have the same task', async () => {
  const run = await runPlays([new FakeHost({ name: 'h1' })], twoPlays('a'));
  expect(run.rows).toEqual(['changed note /a', 'ok note /a']);
});
