import type { Stat } from '../../core/host/connection.ts';

/** What was seen of a path as the last thing that a write did there. */
interface Seen {
  stat?: Stat;
  sha256?: string;
}

/**
 * How a path stood at the end of a write, for whoever looks next: to confirm a change then costs no way to the host. Each
 * thing is told once, and only until something else is written or run there; the look at the end of a run reads all from the host.
 */
export interface JustWritten {
  add(path: string, seen: Seen): void;
  /** Something else is done on the host. */
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
