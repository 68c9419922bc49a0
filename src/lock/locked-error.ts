import { formatDuration } from '../core/base/duration.ts';
import { OrchError } from '../core/base/errors.ts';
import type { LockRecord, LockView } from '../core/host/lock.ts';

/** Who holds a lock, for people. @example "ops@desk with run install, for 2m10s" */
export const holderName = (record: LockRecord, now: number): string =>
  `${record.by} with ${record.verb}, for ${formatDuration(Math.max(0, now - record.since) * 1000)} (run ${record.run})`;

/** @example throw hostLocked('gw-1', view) */
export function hostLocked(host: string, { record, now, beatAge }: LockView): OrchError {
  const holder =
    record === null ? 'another run' : `${holderName(record, now)}, last sign ${formatDuration(beatAge * 1000)} ago`;
  return new OrchError('HOST_LOCKED', `${host} is locked by ${holder}`, {
    host,
    hint: 'wait for it with --lock-wait 10m, or ask it to stop at a safe point: api7-orch lock break --reason TEXT -i INVENTORY',
  });
}

/** @example throw stillUnderWay('gw-1', 'docker stop of api7-gateway') */
export const stillUnderWay = (host: string, what: string): OrchError =>
  new OrchError('HOST_LOCKED', `on ${host} an earlier run has not ended: ${what}`, {
    host,
    hint: 'check on that host what it waits for; when that has ended, run the same command again',
  });

/** @example throw fencedBy('gw-1', view) */
export function fencedBy(host: string, { record, now }: Pick<LockView, 'record' | 'now'>): OrchError {
  const who = record === null ? 'the lock is gone' : `it is held by ${holderName(record, now)}`;
  return new OrchError('FENCED', `this run no longer holds the lock of ${host}: ${who}; nothing more was written`, {
    host,
    hint: 'see with lock show who has it; when that run has ended, run the same command again',
    nothingChanged: true,
  });
}
