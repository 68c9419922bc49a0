/** All in milliseconds; tests use shorter ones. */
export interface LockTimes {
  /** Interval between beats. */
  readonly beatMs: number;
  /** A lock without a new beat for this long is expired. */
  readonly ttlMs: number;
  /** A takeover is impossible while the last beat is younger than this. */
  readonly freshMs: number;
  /** A timer later than this shows that the process or its machine was suspended. */
  readonly gapMs: number;
  /** How much a call may exceed its limit. */
  readonly opSlackMs: number;
  /** Interval between readings of a lock that a run waits for. */
  readonly pollMs: number;
  /** How long a script may take to end after its connection was ended. */
  readonly endMs: number;
}

/** The times that follow from a TTL. All runs of a cluster must use the same. */
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
