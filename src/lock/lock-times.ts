/** Milliseconds; tests have shorter ones. */
export interface LockTimes {
  /** From one beat to the next. */
  readonly beatMs: number;
  /** A lock whose beat has not changed for so long is expired. */
  readonly ttlMs: number;
  /** Since a beat that is younger than this nobody can have taken the lock over. */
  readonly freshMs: number;
  /** A timer that is later than this tells that this process, or its machine, stood still. */
  readonly gapMs: number;
  /** What a call may take longer than its limit. */
  readonly opSlackMs: number;
  /** From one look at a lock that is waited for to the next. */
  readonly pollMs: number;
  /** How long what was under way may take to end, once its connection was ended. */
  readonly endMs: number;
}

/** The times that go with a TTL. All runs that may meet must have the same. */
export const lockTimes = (ttlMs: number): LockTimes => ({
  beatMs: ttlMs / 6,
  ttlMs,
  freshMs: ttlMs / 3,
  gapMs: ttlMs / 12,
  opSlackMs: ttlMs / 2,
  pollMs: ttlMs / 30,
  endMs: 60_000,
});

export const LOCK_TIMES = lockTimes(60_000);
