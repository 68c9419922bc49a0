import type { z } from 'zod';
import { type Data, isRecord, sha256 } from '../base/data.ts';
import { OrchError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Claim } from './claim.ts';
import { ONE_LOOK } from './gate-type.ts';
import { findLater } from './later.ts';
import { type AnyTaskType, type Bound, Task } from './task.ts';

/** What a type does with its parameters. Absent members do nothing. */
export interface BoundParts<S extends Data> extends Partial<Omit<Bound<S>, 'statement'>> {
  readonly claim: Claim;
  readonly title: string;
  /** Overrides the type's own impact, if it depends on parameters. */
  readonly impact?: 'none' | 'node' | undefined;
  read: Bound<S>['read'];
  want: Bound<S>['want'];
}

const nothing = async (): Promise<undefined> => undefined;

/**
 * The constructor of a type, as far as tasks, gates and queries share it: unknown parameters, invalid parameters, and
 * `statement`.
 *
 * @throws OrchError TASK_PARAMS when parameters are invalid
 */
export function bindParams<P extends z.ZodType, R, S extends Data>(
  params: P,
  type: AnyTaskType,
  partsOf: (p: z.output<P>) => BoundParts<S>,
): (params: z.input<P>) => Task<R, S> {
  const { kind } = type;
  return (raw) => {
    const blocked = findLater(raw);
    const uses = tasksIn(raw);
    if (blocked !== undefined) {
      const title = `${kind} (needs ${blocked.why})`;
      return new Task<R, S>({ type, claim: `state:${title}`, title, blocked, uses, on: undefined, bound: undefined });
    }
    const parsed = params.safeParse(raw);
    if (!parsed.success) {
      const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`);
      throw new OrchError('TASK_PARAMS', `${kind}: ${issues.join('; ')}`, {
        hint: 'correct the parameters in the playbook',
      });
    }
    const { claim, title, impact = type.impact, ...parts } = partsOf(parsed.data);
    return new Task<R, S>({
      type: { ...type, impact },
      claim,
      title,
      blocked: undefined,
      uses,
      on: undefined,
      bound: {
        local: nothing,
        write: nothing,
        patience: () => ONE_LOOK,
        unmet: () => new OrchError('GATE_UNMET', `${title} is not met`),
        cannotRecover: () => undefined,
        onTimeout: 'fail',
        result: () => undefined,
        fingerprint: (state) => state,
        digestTexts: () => [],
        hidden: () => false,
        show: nothing,
        confirmed: true,
        ...parts,
        statement: `${kind} ${statementOf(parsed.data)}`,
      },
    });
  };
}

function tasksIn(value: unknown): readonly Task[] {
  if (value instanceof Task) return [value];
  if (Array.isArray(value)) return value.flatMap(tasksIn);
  return isRecord(value) ? Object.values(value).flatMap(tasksIn) : [];
}

/** Parameters as one text. Secrets appear as digests, so that tasks that differ only in a secret stay different. */
const statementOf = (p: unknown): string =>
  JSON.stringify(p, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    const original = this[key];
    return original instanceof Secret ? sha256(original.reveal()) : value;
  });
