import { OrchError } from '../../core/base/errors.ts';
import type { Entry } from '../plan/plan-host.ts';

/** What was just written must be read back as wanted. @throws OrchError DID_NOT_CONVERGE, or the error of reading */
export function assertConverged({ plan, task }: Entry): void {
  if (plan.status === 'ok') return;
  if (plan.status === 'error') throw plan.error;
  const left =
    plan.status === 'change' ? plan.change.differences.map(({ path }) => path || 'presence').join(', ') : plan.why;
  throw new OrchError(
    'DID_NOT_CONVERGE',
    `${task.title} was written, but what was read back still differs in: ${left}`,
    {
      hint: 'something else on the host changes it back, or the task type has a fault',
    },
  );
}

/** After the last task everything stated must still hold. @throws OrchError NOT_SETTLED */
export function assertSettled(host: string, stated: readonly Entry[]): void {
  const loose = stated.filter(({ plan }) => plan.status !== 'ok');
  if (loose.length === 0) return;
  const error = loose.flatMap(({ plan }) => (plan.status === 'error' ? [plan.error] : []))[0];
  throw new OrchError(
    'NOT_SETTLED',
    `after all tasks were done, these differ again: ${loose.map(({ task }) => task.title).join(', ')}`,
    {
      host,
      hint: 'run again with --check --diff to see what changes by itself',
      ...(error === undefined ? {} : { cause: error, details: error.message }),
    },
  );
}

/** At its turn a value that is not known will never be: nothing is left that could bring it. */
export const notKnown = (what: string, why: string): OrchError =>
  new OrchError('NOT_KNOWN', `${what} depends on ${why}, which did not become known`, {
    hint: 'only what is there in the end has a result: ask for one of a task that leaves something behind',
  });
