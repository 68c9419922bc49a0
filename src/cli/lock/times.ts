import { parseDuration } from '../../core/base/duration.ts';
import { type LockTimes, lockTimes } from '../../lock/lock-times.ts';

/** The times of locks; tests have a shorter TTL. */
export const environmentLockTimes = (): LockTimes => lockTimes(parseDuration(process.env.API7_ORCH_LOCK_TTL ?? '60s'));
