import { setTimeout as delay } from 'node:timers/promises';
import type { SessionWish } from './shell-process.ts';

/** Others may hold sessions on the host that nobody here knows of: those are waited for so long. */
const HOPELESS_WAITS_MS: readonly number[] = [50, 100, 200, 400, 800, 1600, 3200];
/** What was learnt of the server's limit is tried anew after this. */
const FORGET_MS = 30_000;
/** Whoever waits asks this often whether an idle session can be had now. */
const ASK_AGAIN_MS = 500;

/** The sessions of one connection. As many are opened as sshd grants; the others wait until one is free. */
export interface SessionGate {
  /**
   * Opens a session when there is room. `open` answers `full` when sshd refused it, and calls `leave` when the session
   * is over. `full` comes of it only where nothing that is open will ever end by itself.
   */
  run<T>(open: (leave: () => void) => Promise<T | 'full'>, wish?: SessionWish): Promise<T | 'full'>;
  /** Nobody is to wait any longer: the connection is gone. */
  end(): void;
}

export function sessionGate(): SessionGate {
  let inUse = 0;
  let lasting = 0;
  let limit = Number.POSITIVE_INFINITY;
  let learntAt = 0;
  let wake = new AbortController();

  const changed = (): void => {
    wake.abort();
    wake = new AbortController();
  };
  const enter = (lasts: boolean): (() => void) => {
    let left = false;
    inUse++;
    if (lasts) lasting++;
    return () => {
      if (left) return;
      left = true;
      inUse--;
      if (lasts) lasting--;
      changed();
    };
  };
  /** Until a session ended, or after a while. */
  const untilChanged = async (ms: number): Promise<void> => {
    await delay(ms, undefined, { signal: wake.signal }).catch(() => {});
  };

  return {
    async run(open, wish = {}) {
      let waits = 0;
      for (;;) {
        if (Date.now() - learntAt > FORGET_MS) limit = Number.POSITIVE_INFINITY;
        if (inUse < limit) {
          const leave = enter(wish.lasting === true);
          const opened = await open(leave).catch((error: unknown) => {
            leave();
            throw error;
          });
          if (opened !== 'full') return opened;
          limit = Math.max(1, inUse - 1);
          learntAt = Date.now();
          leave();
        }
        const before = inUse;
        wish.whenFull?.();
        if (inUse < before) continue;
        if (inUse > lasting) {
          await untilChanged(ASK_AGAIN_MS);
          continue;
        }
        const wait = HOPELESS_WAITS_MS[waits++];
        if (wait === undefined) return 'full';
        await untilChanged(wait);
        // Only the server knows whether there is room by now.
        limit = inUse + 1;
      }
    },
    end() {
      limit = Number.POSITIVE_INFINITY;
      changed();
    },
  };
}
