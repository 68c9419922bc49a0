import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import { bindParams } from './bind-params.ts';
import { type GateType, ONE_LOOK } from './gate-type.ts';
import type { AnyTaskType, Task } from './task.ts';

/** A gate's state in the engine's plan: whether the condition is met, and the reading behind it. */
type Seen<V> = { readonly met: boolean; readonly seen: V };

/**
 * Makes a gate's constructor. `yield gate(…)` waits until the condition holds. `yield*` also returns '' if the
 * condition was met, or why not (with `onTimeout: 'warn'`).
 *
 * @throws OrchError TASK_PARAMS when parameters are invalid
 * @example export const fileGone = defineGate({ kind: 'fileGone', params: z.object({ path: z.string() }), look: (p,
 *   host) => host.stat(p.path), met: (_p, found) => found === null, unmet: … });
 */
export function defineGate<P extends z.ZodType, V>(type: GateType<P, V>): (params: z.input<P>) => Task<string> {
  const { kind, inTraffic = false, onTimeout = 'fail' } = type;
  const facts: AnyTaskType = { kind, gate: true, impact: 'none', afterPending: 'keep', inTraffic };
  return bindParams<P, string, Data>(type.params, facts, (p) => ({
    claim: `gate:${kind}`,
    title: type.title?.(p) ?? kind,
    local: async (io) => type.local?.(p, io),
    async read(host) {
      const seen = await type.look(p, host);
      return asState<V>({ met: type.met(p, seen), seen });
    },
    want: (now) => asState<V>({ ...seenIn<V>(now), met: true }),
    patience: () => type.patience?.(p) ?? ONE_LOOK,
    unmet: (state) => type.unmet(p, seenIn<V>(state).seen),
    cannotRecover: (state) => type.cannotRecover?.(p, seenIn<V>(state).seen),
    onTimeout: typeof onTimeout === 'function' ? onTimeout(p) : onTimeout,
    result: (state) => (seenIn<V>(state).met ? '' : type.unmet(p, seenIn<V>(state).seen).message),
  }));
}

// The engine passes a gate's state on and reads only `met`. The state is never null here.
const asState = <V>(seen: Seen<V>): Data => seen as unknown as Data;
const seenIn = <V>(state: Data | null): Seen<V> => state as unknown as Seen<V>;
