import type { Clock } from '../../core/base/clock.ts';
import type { Data } from '../../core/base/data.ts';
import { located } from '../../core/base/errors.ts';
import { type Entry, type Planner, planEntries, retryReads } from '../plan/plan-host.ts';
import { keyOf } from '../plan/read-ahead.ts';
import { isBusy } from './impact.ts';
import type { TaskLog } from './task-log.ts';

export interface GateWait {
  readonly planner: Planner;
  readonly entry: Entry;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Nothing on this host was changed: one good reading is enough. */
  readonly settled: boolean;
}

/**
 * Reads again until the gate has been met as many times in a row as it requires. With `onTimeout: 'warn'` it also ends
 * when the time is up, and sets `timedOut`.
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
    // An error that a retry cannot fix is thrown now, not when the time is up.
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

/** Makes the gate count as met from here on, whatever is read of it. */
function letPass(entry: Entry): void {
  entry.timedOut = true;
  entry.plan = { status: 'ok', state: lastState(entry) };
}

const lastState = ({ plan }: Entry): Data | null =>
  plan.status === 'ok' ? plan.state : plan.status === 'change' ? plan.change.before : null;

/**
 * The entry at `first` and the gates after it that wait beside it: up to the next task, `inTraffic` gate, asked gate or
 * unknown entry. An entry that is no gate stays alone.
 */
export function gateGroup(entries: readonly Entry[], first: number, asked: Entry | undefined): readonly Entry[] {
  const isAlone = (entry: Entry): boolean =>
    !entry.task.type.gate || entry.task.type.inTraffic || entry === asked || entry.plan.status === 'unknown';
  const from = entries.slice(first);
  const end = from.findIndex((entry, i) => i > 0 && (isAlone(entry) || isAlone(from[0] as Entry)));
  return end < 0 ? from : from.slice(0, end);
}

interface GroupOptions extends Omit<GateWait, 'entry'> {
  readonly log: TaskLog;
  /** The entry whose result the program waits for. */
  readonly asked: Entry | undefined;
}

/** Starts the wait of these gates, with fresh plans. The plan of the first one is fresh already. */
export async function beginGroup(entries: readonly Entry[], options: GroupOptions): Promise<GateGroup> {
  const { planner, clock } = options;
  const old = entries.filter(({ readAt }) => readAt < planner.age);
  if (old.length > 0) await planEntries(planner, old);
  await retryReads(planner, clock, entries.slice(1));
  return new GateGroup(entries, options);
}

/**
 * Gates of one host that wait side by side and end one by one, in yield order. A failure stops the gates after it: the
 * first failure in yield order is reported, so only an earlier gate may still change the result.
 */
export class GateGroup {
  readonly #options: GroupOptions;
  readonly #entries: readonly Entry[];
  readonly #stops: readonly AbortController[];
  readonly #waits = new Map<Entry, Promise<void>>();
  #waited = false;

  /** Starts the wait of all gates. */
  constructor(entries: readonly Entry[], options: GroupOptions) {
    this.#options = options;
    this.#entries = entries;
    this.#stops = entries.map(() => new AbortController());
    for (const [i, entry] of entries.entries()) {
      const same = this.#sameAs(entry);
      const wait = (same && this.#waits.get(same)) ?? this.#wait(entry, i);
      this.#waits.set(entry, wait);
      wait.catch(() => {
        for (const later of this.#stops.slice(i + 1)) later.abort();
      });
    }
  }

  has(entry: Entry): boolean {
    return this.#waits.has(entry);
  }

  isLast(entry: Entry): boolean {
    return entry === this.#entries.at(-1);
  }

  /** Whether some gate had to wait. */
  get waited(): boolean {
    return this.#waited;
  }

  /**
   * Ends the next gate. A gate with the same `statement` as an earlier one shares its result. @throws OrchError why it
   * is not met
   */
  async end(entry: Entry): Promise<void> {
    const { log, asked } = this.#options;
    if (entry !== this.#entries[0] && log.isOpen(entry)) log.start(entry);
    try {
      await this.#waits.get(entry);
    } catch (error) {
      // After the end of the program, no gate reads the host any more.
      await Promise.allSettled(this.#waits.values());
      throw error;
    }
    const same = this.#sameAs(entry);
    if (same !== undefined) {
      entry.plan = same.plan;
      entry.timedOut = same.timedOut;
      return;
    }
    // The program prints a result that it asks for itself.
    if (entry.timedOut && entry !== asked) log.timedOut(entry);
    log.end(entry, 'ok');
  }

  async #wait(entry: Entry, i: number): Promise<void> {
    const { log, signal, ...options } = this.#options;
    if (!isBusy(entry, !options.settled)) return;
    this.#waited = true;
    // The other gates are announced when they are next to end, and only if they still wait.
    if (i === 0) log.start(entry);
    else log.begin(entry);
    const stop = this.#stops[i]?.signal ?? signal;
    try {
      await waitForGate({ ...options, entry, signal: AbortSignal.any([signal, stop]) });
    } finally {
      log.finish(entry);
    }
  }

  #sameAs(entry: Entry): Entry | undefined {
    const key = keyOf(entry.task);
    const first = this.#entries.find(({ task }) => keyOf(task) === key);
    return first === entry ? undefined : first;
  }
}
