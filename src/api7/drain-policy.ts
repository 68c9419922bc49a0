import type { Data } from '../core/data.ts';
import { OrchError } from '../core/errors.ts';
import type { Bound } from '../core/task.ts';
import { Task } from '../core/task.ts';

/** The same gate with parts of what it does replaced. */
const rebound = <R, S extends Data>(task: Task<R, S>, change: (bound: Bound<S>) => Partial<Bound<S>>): Task<R, S> =>
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
  rebound(task, (bound) => ({
    unmet: (state) => {
      const { message, hint, details } = bound.unmet(state);
      return new OrchError('DRAIN_HOLD', message, {
        ...(hint === undefined ? {} : { hint }),
        ...(details === undefined ? {} : { details }),
      });
    },
  }));

/** The same gate; when its time is up it lets pass. Time is counted in looks, which come at its own pace. */
export function orGoOn<R, S extends Data>(task: Task<R, S>): Task<R, S> {
  let looks = 0;
  return rebound(task, (bound) => {
    const { withinMs, everyMs } = bound.patience();
    const last = Math.ceil(withinMs / everyMs);
    return {
      // One look more than fits: the gate must not give up before.
      patience: () => ({ withinMs: withinMs + 2 * everyMs, everyMs, passes: 1 }),
      read: (host, local) => {
        looks++;
        return bound.read(host, local);
      },
      want: (now, context) => (looks > last ? now : bound.want(now, context)),
    };
  });
}
