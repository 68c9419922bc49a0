import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import { sha256 } from '../base/data.ts';
import { OrchError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { findLater } from './later.ts';
import { type AnyTaskType, type Bound, Task } from './task.ts';
import type { Patience, TaskType } from './task-type.ts';

function tasksIn(value: unknown): readonly Task[] {
  if (value instanceof Task) return [value];
  if (Array.isArray(value)) return value.flatMap(tasksIn);
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype)
    return Object.values(value).flatMap(tasksIn);
  return [];
}

const CHECK_ONCE: Patience = { withinMs: 0, everyMs: 1000, passes: 1 };

function bind<P extends z.ZodType, L, S extends Data, R>(type: TaskType<P, L, S, R>, p: z.output<P>): Bound<S> {
  // `local` is whatever this type's own `local` returned: the engine only carries it.
  const own = (local: unknown): L => local as L;
  return {
    local: async (io) => type.local?.(p, io),
    read: (host, local) => type.read(p, host, own(local)),
    want: (now, context) => type.want(p, now, { see: context.see, local: own(context.local) }),
    write: async (change, host, local, report) => type.write?.(p, change, host, own(local), report),
    patience: () => type.patience?.(p) ?? CHECK_ONCE,
    unmet: (state) => type.unmet?.(p, state) ?? new OrchError('GATE_UNMET', `${type.kind} is not as it must be`),
    cannotRecover: (state) => type.cannotRecover?.(p, state),
    result: (state) => type.result?.(state),
    fingerprint: (state) => type.fingerprint?.(p, state) ?? state,
    digestTexts: () => type.digestTexts?.(p) ?? [],
    hidden: (path) => type.hidden?.(p, path) ?? false,
    show: async (change, host) => type.show?.(p, change, host),
    confirmed: type.confirmed?.(p) ?? true,
    statement: `${type.kind} ${statementOf(p)}`,
  };
}

/**
 * Makes a task type's constructor. Parameters are checked when the task is made: by the compiler in the editor, by zod
 * at run time.
 *
 * @throws OrchError TASK_PARAMS when parameters do not fit
 * @example export const directory = defineTask({ kind: 'directory', params: z.object({ path: z.string() }), … });
 */
export function defineTask<P extends z.ZodType, L, S extends Data, R = void>(
  type: TaskType<P, L, S, R>,
): (params: z.input<P>) => Task<R, S> {
  const facts: AnyTaskType = {
    kind: type.kind,
    gate: type.write === undefined,
    // While its parameters are not known the worst is assumed.
    impact: typeof type.impact === 'string' ? type.impact : 'node',
    afterPending: type.afterPending ?? 'keep',
    inTraffic: type.inTraffic ?? false,
  };
  return (raw) => {
    const blocked = findLater(raw);
    const uses = tasksIn(raw);
    if (blocked !== undefined) {
      const title = `${type.kind} (needs ${blocked.why})`;
      return new Task<R, S>({
        type: facts,
        claim: `state:${title}`,
        title,
        blocked,
        uses,
        on: undefined,
        bound: undefined,
      });
    }
    const parsed = type.params.safeParse(raw);
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`);
      throw new OrchError('TASK_PARAMS', `${type.kind}: ${issues.join('; ')}`, {
        hint: 'correct the parameters in the playbook',
      });
    }
    const claim = type.claim(parsed.data);
    const title = type.title?.(parsed.data) ?? `${type.kind} ${claim.slice(claim.indexOf(':') + 1)}`;
    return new Task<R, S>({
      type: typeof type.impact === 'function' ? { ...facts, impact: type.impact(parsed.data) } : facts,
      claim,
      title,
      blocked: undefined,
      uses,
      on: undefined,
      bound: bind(type, parsed.data),
    });
  };
}

/** Parameters as one text; secrets by digest, so that two that differ only in a secret are not taken for one. */
const statementOf = (p: unknown): string =>
  JSON.stringify(p, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const original = this[key];
    return original instanceof Secret ? sha256(original.reveal()) : value;
  });
