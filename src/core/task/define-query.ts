import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import type { Reader } from '../host/connection.ts';
import { bindParams } from './bind-params.ts';
import type { AnyTaskType, Task } from './task.ts';

/** A kind of query: one read of a host. It changes nothing and waits for nothing; playbooks use its result. */
export interface QueryType<P extends z.ZodType, V> {
  readonly kind: string;
  readonly params: P;
  /** One line for people; default: the kind. */
  title?(p: z.output<P>): string;
  look(p: z.output<P>, host: Reader): Promise<V>;
}

/**
 * Makes a query's constructor: `const view = yield* query(…)`. The result need not be plain data.
 *
 * @throws OrchError TASK_PARAMS when parameters are invalid
 * @example export const kernel = defineQuery({ kind: 'kernel', params: z.object({}), look: async (_p, host) => (await
 *   host.facts()).kernel });
 */
export function defineQuery<P extends z.ZodType, V>(type: QueryType<P, V>): (params: z.input<P>) => Task<V> {
  const { kind } = type;
  const facts: AnyTaskType = { kind, gate: true, impact: 'none', afterPending: 'keep', inTraffic: false };
  return bindParams<P, V, Data>(type.params, facts, (p) => ({
    claim: `gate:${kind}`,
    title: type.title?.(p) ?? kind,
    // Wrapped in an object, because the engine takes a null state for "does not exist".
    read: async (host) => ({ seen: await type.look(p, host) }) as unknown as Data,
    want: (now) => now,
    result: (state) => (state as unknown as { readonly seen: V }).seen,
  }));
}
