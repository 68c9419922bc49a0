import { OrchError } from '../../core/base/errors.ts';
import type { Entry, TaskPlan } from '../plan/plan-host.ts';

/**
 * Checks that a read after the write shows the desired state. @throws OrchError DID_NOT_CONVERGE, or the error of
 * reading
 */
export function assertConverged({ plan, task }: Entry): void {
  if (plan.status === 'ok') return;
  if (plan.status === 'error') throw plan.error;
  const left =
    plan.status === 'change' ? plan.change.differences.map(({ path }) => path || 'presence').join(', ') : plan.why;
  throw new OrchError(
    'DID_NOT_CONVERGE',
    `${task.title} was written, but what was read back still differs in: ${left}`,
    {
      hint: 'something else on the host changes it back, or the task type has an error',
    },
  );
}

/**
 * Checks after the last task that every task is still up to date.
 *
 * @throws OrchError NOT_SETTLED, or the error of a task that could not be read again
 */
export function assertSettled(host: string, stated: readonly Entry[]): void {
  const differ = titles(stated, ({ status }) => status === 'change' || status === 'unknown');
  if (differ !== '')
    throw new OrchError('NOT_SETTLED', `after all tasks were done, these differ again: ${differ}`, {
      host,
      hint: 'run again with --check --diff to see what changes by itself',
    });
  for (const { plan } of stated) if (plan.status === 'error') throw plan.error;
}

const titles = (stated: readonly Entry[], which: (plan: TaskPlan) => boolean): string =>
  stated.flatMap(({ plan, task }) => (which(plan) ? [task.title] : [])).join(', ');

/** The error of a value that is still unknown when its task runs: nothing later could determine it. */
export const notKnown = (what: string, why: string): OrchError =>
  new OrchError('NOT_KNOWN', `${what} depends on ${why}, which did not become known`, {
    hint: 'use the result of a task whose state is present',
  });
