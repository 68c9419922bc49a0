import type { Stat } from '../../core/host/connection.ts';

/** The last state of a path that a write has seen. */
interface Seen {
  stat?: Stat;
  sha256?: string;
}

/**
 * States of paths at the end of a write, for the next read: confirming a change then costs no round trip. Each state is
 * returned once, and only until the next write or command. The final reading of a run reads everything from the host.
 */
export interface JustWritten {
  add(path: string, seen: Seen): void;
  /** Call it before any other action on the host. */
  readonly forget: () => void;
  take<What extends keyof Seen>(path: string, what: What): Seen[What] | undefined;
}

/** @example const just = justWritten(); just.add('/etc/a', { stat }); just.take('/etc/a', 'stat') // once */
export function justWritten(): JustWritten {
  const seen = new Map<string, Seen>();
  return {
    add: (path, now) => void seen.set(path, { ...now }),
    forget: () => seen.clear(),
    take(path, what) {
      const now = seen.get(path);
      const value = now?.[what];
      if (now !== undefined) delete now[what];
      return value;
    },
  };
}
