import { definePlaybook, play } from 'api7-orch';
import install from '../../../playbooks/install.ts';
import type { Play } from '../../../src/core/play/play.ts';
import { type Steps, Task } from '../../../src/core/task/task.ts';

/** For so long a gateway's own gate waits here: a test need not see two minutes pass. */
const WITHIN_MS = 10_000;

/** The built-in install, less patient with a gateway that does not become ready. */
export default definePlaybook({
  ...install,
  name: 'impatient-install',
  *plays(context) {
    const plays = install.plays(context);
    for (let answer: unknown; ; ) {
      const step = plays.next(answer);
      if (step.done) return;
      answer = yield impatient(step.value);
    }
  },
});

const impatient = ({ options }: Play): Play =>
  play({
    ...options,
    *tasks(host): Steps<unknown> {
      const steps = options.tasks(host);
      for (let answer: unknown; ; ) {
        const step = steps.next(answer);
        if (step.done) return step.value;
        const { value } = step;
        answer = yield value instanceof Task && value.type.kind === 'httpReady' ? sooner(value) : value;
      }
    },
  });

const sooner = (task: Task): Task =>
  task.override(({ patience }) => ({ patience: () => ({ ...patience(), withinMs: WITHIN_MS }) }));
