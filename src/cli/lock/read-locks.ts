import pLimit from 'p-limit';
import { isConnectionLost } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { LockStop, LockView } from '../../core/host/lock.ts';
import { hasEnded } from '../../local/this-process.ts';
import type { LockTimes } from '../../lock/lock-times.ts';
import type { Session } from '../session.ts';

/** The lock of one host, as `-o json` prints it. Leaves out its token, which is of no use to people. */
export interface LockReport {
  readonly host: string;
  readonly lock: {
    readonly by: string;
    readonly verb: string;
    readonly run: string;
    /** Seconds, by the host's clock. */
    readonly heldFor: number;
    readonly lastBeat: number;
    /**
     * Whether the next run takes it over: no beat for that long, an earlier boot, or a process of this machine that has
     * ended.
     */
    readonly expired: boolean;
    readonly stop: LockStop | null;
    readonly call: string | null;
  } | null;
}

export interface LocksReport {
  readonly hosts: readonly LockReport[];
  readonly errors: readonly ErrorInfo[];
}

export interface SeenLock {
  readonly host: string;
  readonly view: LockView;
}

/** Reads the locks of these hosts. An unreachable host is an error in the list. */
export async function readLocks(
  { hosts, forks }: Session,
  names: readonly string[],
): Promise<{ readonly seen: readonly SeenLock[]; readonly errors: readonly ErrorInfo[] }> {
  const errors: ErrorInfo[] = [];
  const seen = await pLimit(forks).map([...names], async (host): Promise<readonly SeenLock[]> => {
    try {
      return [{ host, view: await lockOn(hosts, host) }];
    } catch (error) {
      errors.push(errorInfoOf(error, { host }));
      return [];
    }
  });
  return { seen: seen.flat(), errors };
}

/** A connection may be lost during a long wait for a run. */
async function lockOn(hosts: Session['hosts'], host: string): Promise<LockView> {
  const connection = await hosts.get(host);
  try {
    return await connection.lock.view();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    return await (await hosts.reconnect(host, connection)).lock.view();
  }
}

/** Whether the next run takes the lock over. */
export const hasExpired = ({ record, boot, beatAge }: LockView, { ttlMs }: LockTimes): boolean =>
  record !== null &&
  (record.boot !== boot || beatAge * 1000 >= ttlMs || (record.process !== undefined && hasEnded(record.process)));

export function lockReport({ host, view }: SeenLock, times: LockTimes): LockReport {
  const { record, now, beatAge } = view;
  if (record === null) return { host, lock: null };
  const { by, verb, run, since, stop = null, op } = record;
  return {
    host,
    lock: {
      by,
      verb,
      run,
      heldFor: Math.max(0, now - since),
      lastBeat: beatAge,
      expired: hasExpired(view, times),
      stop,
      call: op === null ? null : `${op.what} ${op.container}`,
    },
  };
}
