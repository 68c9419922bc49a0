import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import { OrchError } from '../base/errors.ts';
import { bindParams } from './bind-params.ts';
import type { AnyTaskType, Task } from './task.ts';
import type { TaskType } from './task-type.ts';

/**
 * Makes a task type's constructor. Parameters are checked when the task is made: by the compiler in the editor, by zod
 * at run time.
 *
 * @throws OrchError TASK_PARAMS when parameters are invalid; TASK_TYPE when the type has no `write`
 * @example export const directory = defineTask({ kind: 'directory', params: z.object({ path: z.string() }), … });
 */
export function defineTask<P extends z.ZodType, L, S extends Data, R = void>(
  type: TaskType<P, L, S, R>,
): (params: z.input<P>) => Task<R, S> {
  // The compiler does not check playbooks in plain JavaScript.
  if (typeof type.write !== 'function')
    throw new OrchError('TASK_TYPE', `task type ${type.kind} has no "write"`, {
      hint: 'use defineGate for a condition to wait for, defineQuery for a question',
    });
  const facts: AnyTaskType = {
    kind: type.kind,
    gate: false,
    // While parameters are unknown, the highest impact is assumed.
    impact: typeof type.impact === 'string' ? type.impact : 'node',
    afterPending: type.afterPending ?? 'keep',
    inTraffic: false,
  };
  // `local` is the result of this type's own `local`; the engine only passes it on.
  const own = (local: unknown): L => local as L;
  return bindParams<P, R, S>(type.params, facts, (p) => {
    const claim = type.claim(p);
    return {
      claim,
      title: type.title?.(p) ?? `${type.kind} ${claim.slice(claim.indexOf(':') + 1)}`,
      impact: typeof type.impact === 'function' ? type.impact(p) : undefined,
      local: async (io) => type.local?.(p, io),
      read: (host, local) => type.read(p, host, own(local)),
      want: (now, context) => type.want(p, now, { see: context.see, local: own(context.local) }),
      write: (change, host, local, report) => type.write(p, change, host, own(local), report),
      result: (state) => type.result?.(state),
      fingerprint: (state) => type.fingerprint?.(p, state) ?? state,
      digestTexts: () => type.digestTexts?.(p) ?? [],
      hidden: (path) => type.hidden?.(p, path) ?? false,
      show: async (change, host) => type.show?.(p, change, host),
      confirmed: type.confirmed?.(p) ?? true,
    };
  });
}
