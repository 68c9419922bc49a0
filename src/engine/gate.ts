import type { Clock } from '../core/clock.ts';
import type { Data } from '../core/data.ts';
import { located } from '../core/errors.ts';
import { type Entry, type Planner, planEntries } from './plan-host.ts';
import { keyOf } from './read-ahead.ts';

export interface GateWait {
  readonly planner: Planner;
  readonly entry: Entry;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Nothing on this host was changed: one good answer is enough. */
  readonly settled: boolean;
}

/**
 * Asks again until the gate has been met as many times in a row as it wants. With `onTimeout: 'warn'` it also ends when the
 * time is up, and the entry says so.
 *
 * @throws OrchError the gate's own `unmet` when time is up; its `cannotRecover` as soon as waiting cannot help
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
    if (clock.now() + (withinMs === 0 ? 1 : 0) > deadline) {
      if (entry.plan.status === 'error') throw entry.plan.error;
      if (bound.onTimeout === 'warn') return letPass(entry);
      throw located(bound.unmet(state), { operatorDecides: bound.onTimeout === 'hold' });
    }
    await clock.sleep(everyMs, signal);
    await planEntries(planner, [entry]);
  }
}

/** From here on it counts as met, whatever is read of it. */
function letPass(entry: Entry): void {
  entry.timedOut = true;
  entry.plan = { status: 'ok', state: lastState(entry) };
}

const lastState = ({ plan }: Entry): Data | null =>
  plan.status === 'ok' ? plan.state : plan.status === 'change' ? plan.change.before : null;

/**
 * The entry at `first` and the gates after it that wait beside it: up to the next task, `inTraffic` gate or asked one, or
 * one that is not known. Anything but a gate is alone.
 */
export function gateGroup(entries: readonly Entry[], first: number, asked: Entry | undefined): readonly Entry[] {
  const isAlone = (entry: Entry): boolean =>
    !entry.task.type.gate || entry.task.type.inTraffic || entry === asked || entry.plan.status === 'unknown';
  const from = entries.slice(first);
  const end = from.findIndex((entry, i) => i > 0 && (isAlone(entry) || isAlone(from[0] as Entry)));
  return end < 0 ? from : from.slice(0, end);
}

/** One gate of a group. `ended` rejects with why it is not met. */
export interface GroupWait {
  readonly ended: Promise<void>;
  /** The gate of the group that states the same: both end together and count once. */
  readonly repeats: Entry | undefined;
}

/**
 * Lets these gates wait side by side. A failure stops those after it: the first failure in their order decides, so only
 * one before it may still change the result.
 */
export function waitTogether(
  group: readonly Entry[],
  signal: AbortSignal,
  wait: (entry: Entry, signal: AbortSignal) => Promise<void>,
): ReadonlyMap<Entry, GroupWait> {
  const waits = new Map<Entry, GroupWait>();
  const stops = group.map(() => new AbortController());
  for (const [i, stop] of stops.entries()) {
    const entry = group[i] as Entry;
    const key = keyOf(entry.task);
    const repeats = group.slice(0, i).find(({ task }) => keyOf(task) === key);
    const ended = (repeats && waits.get(repeats)?.ended) ?? wait(entry, AbortSignal.any([signal, stop.signal]));
    waits.set(entry, { ended, repeats });
    ended.catch(() => {
      for (const later of stops.slice(i + 1)) later.abort();
    });
  }
  return waits;
}
