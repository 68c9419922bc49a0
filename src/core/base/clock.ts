import { setTimeout as delay } from 'node:timers/promises';

/** Time as the engine sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds from some beginning, for durations and deadlines: a correction of the system's time does not show in it. */
  now(): number;
  /** Milliseconds since the epoch, for what is dated. Default: `now`. */
  readonly wall?: () => number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};

/** The date and the time of day by a clock. */
export const dateOf = (clock: Clock): Date => new Date(clock.wall?.() ?? clock.now());
