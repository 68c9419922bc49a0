import type { Data } from '../core/data.ts';
import { OrchError } from '../core/errors.ts';
import type { Bound } from '../core/task.ts';
import { Task } from '../core/task.ts';

/** The same gate with parts of what it does replaced. */
const rebound = <R, S extends Data>(
  task: Task<unknown, S>,
  change: (bound: Bound<S>) => Partial<Bound<S>>,
): Task<R, S> =>
  new Task<R, S>({
    type: task.type,
    claim: task.claim,
    title: task.title,
    blocked: task.blocked,
    uses: task.uses,
    on: task.on,
    bound: { ...task.bound, ...change(task.bound) },
  });

/** The same gate; when its time is up a person decides. */
export const orHold = <R, S extends Data>(task: Task<R, S>): Task<R, S> =>
  rebound<R, S>(task, (bound) => ({
    unmet: (state) => {
      const { message, hint, details } = bound.unmet(state);
      return new OrchError('DRAIN_HOLD', message, {
        ...(hint === undefined ? {} : { hint }),
        ...(details === undefined ? {} : { details }),
      });
    },
  }));

/** The same gate; when its time is up it lets pass. `yield*` gives what it would have failed with; '' when it was met. */
export function orGoOn<S extends Data>(task: Task<unknown, S>): Task<string, S> {
  let lapsed = false;
  return rebound<string, S>(task, (bound) => ({
    lapse: () => {
      lapsed = true;
    },
    want: (now, context) => (lapsed ? now : bound.want(now, context)),
    result: (state) => (lapsed ? bound.unmet(state).message : ''),
  }));
}
