import { play } from 'api7-orch';
import type { Play } from '../../../src/core/play/play.ts';
import { type Steps, Task } from '../../../src/core/task/task.ts';

/**
 * The plays of a built-in playbook with shorter timeouts of the `httpReady` gates, so that a test saves two minutes.
 * @example *plays(context) { yield* impatient(install.plays(context), 10_000); }
 */
export function* impatient(plays: Iterator<Play, void, unknown>, withinMs: number): Generator<Play, void, unknown> {
  for (let answer: unknown; ; ) {
    const step = plays.next(answer);
    if (step.done) return;
    answer = yield impatientPlay(step.value, withinMs);
  }
}

const impatientPlay = ({ options }: Play, withinMs: number): Play =>
  play({
    ...options,
    *tasks(host): Steps<unknown> {
      const steps = options.tasks(host);
      for (let answer: unknown; ; ) {
        const step = steps.next(answer);
        if (step.done) return step.value;
        const { value } = step;
        answer = yield value instanceof Task && value.type.kind === 'httpReady' ? sooner(value, withinMs) : value;
      }
    },
  });

const sooner = (task: Task, withinMs: number): Task =>
  task.override(({ patience }) => ({ patience: () => ({ ...patience(), withinMs }) }));
