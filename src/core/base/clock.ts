import { setTimeout as delay } from 'node:timers/promises';

/** The engine's source of time; tests pass their own. */
export interface Clock {
  /**
   * Milliseconds from an arbitrary start, for durations and deadlines. Corrections of the system time do not affect it.
   */
  now(): number;
  /** Milliseconds since the epoch, for dates. Default: `now`. */
  readonly wall?: () => number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal });
  },
};

/** The date and time of a clock. */
export const dateOf = (clock: Clock): Date => new Date(clock.wall?.() ?? clock.now());
