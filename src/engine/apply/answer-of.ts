import { laterResult } from '../../core/task/later.ts';
import type { Entry } from '../plan/plan-host.ts';

/** The result of a task, or a placeholder while it is unknown. */
export function answerOf(entry: Entry | undefined): unknown {
  if (entry?.plan.status === 'ok' && entry.plan.state !== null) return entry.task.bound.result(entry.plan.state);
  return laterResult(entry?.task.title ?? 'a task');
}
