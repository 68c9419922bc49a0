import type { Data } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Task } from '../../core/task/task.ts';

/** The same gate; when its time is up a person decides. */
export const orHold = <R, S extends Data>(task: Task<R, S>): Task<R, S> =>
  task.rebound((bound) => ({
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
  return task.rebound<string>((bound) => ({
    lapse: () => {
      lapsed = true;
    },
    want: (now, context) => (lapsed ? now : bound.want(now, context)),
    result: (state) => (lapsed ? bound.unmet(state).message : ''),
  }));
}
