import { defined } from '../../core/base/data.ts';
import type { Patch } from '../../core/task/change.ts';
import { connectionFor, type Entry, type Planner } from '../plan/plan-host.ts';

/** A planned change as texts for printing, if `wanted`. A change that cannot be printed is never a failure. */
export async function shownChange(
  planner: Planner,
  { task, plan }: Entry,
  wanted: boolean,
): Promise<{ readonly patch?: Patch }> {
  if (!wanted || plan.status !== 'change') return {};
  const { change } = plan;
  const patch = await connectionFor(planner, task)
    .then((connection) => task.bound.show(change, connection))
    .catch(() => undefined);
  return defined({ patch });
}
