import type { Patch } from '../core/task-type.ts';
import { connectionFor, type Entry, type Planner } from './plan-host.ts';

/** A planned change as texts, for the eyes only: what cannot be shown is left out, never a reason to fail. */
export async function shownChange(planner: Planner, { task, plan }: Entry): Promise<{ patch?: Patch }> {
  if (plan.status !== 'change') return {};
  const { change } = plan;
  const patch = await connectionFor(planner, task)
    .then((connection) => task.bound.show(change, connection))
    .catch(() => undefined);
  return patch === undefined ? {} : { patch };
}
