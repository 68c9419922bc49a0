import { setTimeout as delay } from 'node:timers/promises';
import type { SessionWish } from '../../shell/shell-process.ts';

/** Others may hold sessions on the host that nobody here knows of: those are waited for so long, ever more patiently. */
const HOPELESS_MS = 6000;
const HOPELESS_STEP_MS = 50;
/** What was learnt of the server's limit is tried anew after this. */
const FORGET_MS = 30_000;
/** Whoever waits asks this often whether an idle session can be had now. */
const ASK_AGAIN_MS = 100;
/** sshd has the room of a session that was let go only when its process has ended. */
const PARTING_MS = 50;
/** A refusal so soon after that tells nothing of the server's limit. */
const PARTED_MS = 1000;

/** The sessions of one connection. As many are opened as sshd grants; the others wait until one is free. */
export interface SessionGate {
  /**
   * Opens a session when there is room. `open` answers `full` when sshd refused it, and calls `leave` when the session
   * is over. `full` comes of it only where nothing that is open will ever end or be let go, or at once where the wish
   * is urgent.
   */
  run<T>(open: (leave: () => void) => Promise<T | 'full'>, wish?: SessionWish): Promise<T | 'full'>;
  /** Nobody is to wait any longer: the connection is gone. */
  end(): void;
}

/** Room that is taken while a session is opened, and as long as it lasts. */
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
  /** Sessions that were granted or have ended: while there are any, it is not hopeless to wait. */
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
      // No news to those who wait: they would only be refused, too.
      refused: () => void give(),
    };
  };
  /** Has all idle sessions let go; tells when there may be room. */
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
  /** Until a session ended, or after a while. */
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
