import { laterResult } from '../../core/task/later.ts';
import type { Entry } from '../plan/plan-host.ts';

/** What a program is answered that asks for a task's result: that, or what stands for it until it is known. */
export function answerOf(entry: Entry | undefined): unknown {
  if (entry?.plan.status === 'ok' && entry.plan.state !== null) return entry.task.bound.result(entry.plan.state);
  return laterResult(entry?.task.title ?? 'a task');
}
