import { setTimeout as delay } from 'node:timers/promises';
import type { SessionWish } from '../../shell/shell-process.ts';

/** Other clients may hold sessions on the host: they are waited for at most this long, with growing delays. */
const HOPELESS_MS = 6000;
const HOPELESS_STEP_MS = 50;
/** A learned limit of the server is tried again after this time. */
const FORGET_MS = 30_000;
/** Interval at which a waiting caller checks whether an idle session can be closed. */
const ASK_AGAIN_MS = 100;
/** sshd frees the room of a closed session only when its process has ended. */
const PARTING_MS = 50;
/** A refusal this soon after a close does not show the server's limit. */
const PARTED_MS = 1000;

/** The sessions of one connection. Opens as many as sshd grants; other callers wait for a free one. */
export interface SessionGate {
  /**
   * Opens a session when there is room. `open` returns `full` if sshd refused it, and calls `leave` when the session
   * ends. Returns `full` only if no open session will ever end or be closed, or at once if the wish is urgent.
   */
  run<T>(open: (leave: () => void) => Promise<T | 'full'>, wish?: SessionWish): Promise<T | 'full'>;
  /** Ends all waiting: the connection is lost. */
  end(): void;
}

/** One session's room, from its opening to its end. */
interface SessionSlot {
  leave(): void;
  refused(): void;
}

interface Holder {
  readonly release: SessionWish['release'] | undefined;
}

/** @param patienceMs how long to wait if no open session of this process will end: other clients may hold sessions. */
export function sessionGate(patienceMs = HOPELESS_MS): SessionGate {
  let inUse = 0;
  const lasting = new Set<Holder>();
  let limit = Number.POSITIVE_INFINITY;
  let learntAt = Number.NEGATIVE_INFINITY;
  let partedAt = Number.NEGATIVE_INFINITY;
  /** Number of granted and ended sessions: while it grows, waiting makes sense. */
  let moves = 0;
  let wake = new AbortController();

  const changed = (): void => {
    wake.abort();
    wake = new AbortController();
  };
  const enter = ({ lasting: lasts, release }: SessionWish): SessionSlot => {
    let left = false;
    const holder: Holder = { release };
    inUse++;
    if (lasts === true) lasting.add(holder);
    const give = (): boolean => {
      if (left) return false;
      left = true;
      inUse--;
      lasting.delete(holder);
      return true;
    };
    return {
      leave() {
        if (!give()) return;
        moves++;
        changed();
      },
      // Does not wake waiting callers: sshd would refuse them too.
      refused: () => void give(),
    };
  };
  /** Closes all idle sessions; returns when there may be room. */
  const askForRoom = (): 'soon' | 'later' | 'never' => {
    let parted = false;
    let busy = false;
    for (const holder of [...lasting]) {
      const released = holder.release?.();
      if (released === true) lasting.delete(holder);
      parted ||= released === true;
      busy ||= released === false;
    }
    if (parted) partedAt = performance.now();
    if (parted) return 'soon';
    return busy || inUse > lasting.size ? 'later' : 'never';
  };
  /** Waits until a session ends, or for this time. */
  const untilChanged = async (ms: number): Promise<void> => {
    await delay(ms, undefined, { signal: wake.signal }).catch(() => {});
  };

  return {
    async run(open, wish = {}) {
      let hopelessMs = 0;
      let seen = moves;
      for (;;) {
        if (performance.now() - learntAt > FORGET_MS) limit = Number.POSITIVE_INFINITY;
        if (inUse < limit) {
          const { leave, refused } = enter(wish);
          const opened = await open(leave).catch((error: unknown) => {
            leave();
            throw error;
          });
          if (opened !== 'full') {
            moves++;
            return opened;
          }
          if (performance.now() - partedAt > PARTED_MS) {
            limit = Math.max(1, inUse - 1);
            learntAt = performance.now();
          }
          refused();
        }
        const room = askForRoom();
        if (room === 'soon') {
          await delay(PARTING_MS);
          continue;
        }
        if (wish.urgent === true) return 'full';
        if (room === 'later') {
          await untilChanged(ASK_AGAIN_MS);
          continue;
        }
        if (moves > seen) hopelessMs = 0;
        seen = moves;
        if (hopelessMs >= patienceMs) return 'full';
        const begun = performance.now();
        await untilChanged(Math.max(HOPELESS_STEP_MS, hopelessMs));
        hopelessMs += performance.now() - begun;
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
