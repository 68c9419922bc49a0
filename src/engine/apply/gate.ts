import type { Clock } from '../../core/base/clock.ts';
import type { Data } from '../../core/base/data.ts';
import { type Entry, type Planner, planEntries } from '../plan/plan-host.ts';

export interface GateWait {
  readonly planner: Planner;
  readonly entry: Entry;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Nothing on this host was changed: one good answer is enough. */
  readonly settled: boolean;
}

/**
 * Asks again until the gate has been met as many times in a row as it wants.
 *
 * @throws OrchError the gate's own `unmet` when time is up, unless it lets pass then; its `hopeless` as soon as waiting cannot help
 */
export async function waitForGate({ planner, entry, clock, signal, settled }: GateWait): Promise<void> {
  const { bound } = entry.task;
  const { withinMs, everyMs, passes } = bound.patience();
  const needed = settled ? 1 : passes;
  const deadline = clock.now() + withinMs;
  for (let met = entry.plan.status === 'ok' ? 1 : 0; met < needed; met = entry.plan.status === 'ok' ? met + 1 : 0) {
    const state = lastState(entry);
    const hopeless = entry.plan.status === 'change' ? bound.cannotRecover(state) : undefined;
    if (hopeless !== undefined) throw hopeless;
    // What asking again cannot mend is told now, not when time is up.
    if (entry.plan.status === 'error' && (entry.plan.final || !entry.plan.error.retryable)) throw entry.plan.error;
    const isOver = clock.now() + (withinMs === 0 ? 1 : 0) > deadline;
    if (isOver && (entry.plan.status === 'error' || bound.lapse === undefined))
      throw entry.plan.status === 'error' ? entry.plan.error : bound.unmet(state);
    if (isOver) bound.lapse?.();
    else await clock.sleep(everyMs, signal);
    await planEntries(planner, [entry]);
  }
}

const lastState = ({ plan }: Entry): Data | null =>
  plan.status === 'ok' ? plan.state : plan.status === 'change' ? plan.change.before : null;
