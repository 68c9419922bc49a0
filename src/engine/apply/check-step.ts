import type { OrchError } from '../../core/base/errors.ts';
import type { Entry } from '../plan/plan-host.ts';

export type CheckStep =
  | { readonly status: 'ok' | 'changed' | 'unknown'; readonly note?: string }
  | { readonly status: 'failed'; readonly error: OrchError };

/**
 * The result of one planned task in check mode. `pending` names an earlier planned change on the same host. After it
 * the result of a gate or a command is unknown, and the change may fix an error of reading.
 */
export function checkStep({ task, plan }: Entry, pending: string | undefined): CheckStep {
  const after = pending === undefined ? undefined : `after ${pending}`;
  const unsure = after !== undefined && (task.type.gate || task.type.afterPending === 'unknown');
  if (plan.status === 'unknown') return { status: 'unknown', note: `after ${plan.why}` };
  if (plan.status === 'error') {
    if (plan.final || after === undefined) return { status: 'failed', error: plan.error };
    return { status: 'unknown', note: after };
  }
  if (unsure) return { status: 'unknown', note: after };
  if (plan.status === 'ok') return { status: 'ok' };
  if (!task.type.gate) return { status: 'changed' };
  const { bound } = task;
  if (bound.patience().withinMs > 0) return { status: 'unknown', note: 'would wait' };
  const error = bound.unmet(plan.change.before);
  return bound.onTimeout === 'warn' ? { status: 'ok', note: error.message } : { status: 'failed', error };
}
