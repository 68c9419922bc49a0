import type { Clock } from '../core/base/clock.ts';
import { formatDuration } from '../core/base/duration.ts';
import type { Connection } from '../core/host/connection.ts';
import { hasProcess } from '../core/host/docker.ts';
import type { HostLock, LockOp, LockRecord, LockSession, LockView } from '../core/host/lock.ts';
import type { LockTimes } from './lock-times.ts';
import { stillUnderWay } from './locked-error.ts';

export interface TakeOver {
  readonly host: string;
  readonly token: string;
  readonly clock: Clock;
  readonly times: LockTimes;
  say(message: string): void;
  onLock<T>(act: (lock: HostLock) => Promise<T>): Promise<T>;
  connection(): Promise<Connection>;
}

/**
 * Ends everything that earlier holders still run on a host: first their connections, so that no late command arrives,
 * then it waits for running scripts and calls. Only then the host belongs to this run.
 *
 * @throws OrchError HOST_LOCKED when something does not end
 */
export async function takeOver(options: TakeOver, { old, boot }: LockView): Promise<LockView> {
  const { token, onLock, times } = options;
  // Records from before the last boot have nothing running.
  const before = old.filter((record) => record.boot === boot);
  let left: readonly LockSession[] = before.flatMap(({ sessions }) => sessions);
  await until(options, times.endMs, 'its connections do not end', async () => {
    if (left.length > 0) left = await onLock((lock) => lock.endSessions(left));
    return left.length === 0;
  });
  await until(options, times.endMs, 'a script of it still runs', () => onLock((lock) => lock.isQuiet()));
  for (const { op } of before) if (op !== null) await callEnded(options, op);
  return await onLock((lock) => lock.settle(token));
}

async function callEnded(options: TakeOver, op: LockOp): Promise<void> {
  const { now } = await options.onLock((lock) => lock.view());
  const leftMs = (op.until - now) * 1000;
  if (leftMs <= 0) return;
  // The call began before its connection ended, so it is over once its limit has passed from now.
  const begun = options.clock.now();
  for (let isSaid = false; options.clock.now() - begun < leftMs; isSaid = true) {
    if (await isDone(options, op)) return;
    if (!isSaid)
      options.say(
        `waiting up to ${formatDuration(Math.ceil(leftMs / 1000) * 1000)} for the ${op.what} of ${op.container} on ${options.host}, which the earlier run has begun`,
      );
    await options.clock.sleep(Math.min(options.times.pollMs, leftMs));
  }
}

/** By the Engine's state: a stop has ended when the container has no process, a start when it has one. */
async function isDone({ connection }: TakeOver, { what, container }: LockOp): Promise<boolean> {
  const { docker } = await connection();
  const found = await docker.container(container).catch(() => undefined);
  if (found === undefined) return false;
  return what === 'remove' ? found === null : hasProcess(found) === (what === 'start');
}

async function until(
  { host, clock, times, say }: TakeOver,
  ms: number,
  what: string,
  isOver: () => Promise<boolean>,
): Promise<void> {
  const begun = clock.now();
  for (let polls = 0; !(await isOver()); polls++) {
    if (clock.now() - begun > ms) throw stillUnderWay(host, what);
    if (polls === 1) say(`waiting for the earlier run on ${host}: ${what}`);
    await clock.sleep(times.pollMs);
  }
}

/** Previous holders of the lock, for people. */
export const earlierHolders = (old: readonly LockRecord[]): string =>
  [...new Set(old.map(({ by, verb, run }) => `${by} with ${verb} (run ${run})`))].join(', ');
