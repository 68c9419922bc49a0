/** An sshd process on the host. Its start time distinguishes it from a later process with the same number. */
export interface LockSession {
  readonly pid: number;
  readonly start: number;
}

/** A call that may outlive its caller. */
export interface LockOp {
  readonly what: 'start' | 'stop' | 'remove';
  readonly container: string;
  /** The call has ended by then; seconds since the boot of the host. */
  readonly until: number;
}

/** A request to the holder to stop at a safe point and release its locks. */
export interface LockStop {
  readonly by: string;
  readonly reason: string;
}

/** The process of the controller that holds a lock; its start time distinguishes it from a later one with the same number. */
export interface LockProcess extends LockSession {
  /**
   * Digest of the machine's id and its process namespace: containers on one machine do not see each other's processes.
   */
  readonly machine: string;
  readonly boot: string;
}

/** The owner of a lock. */
export interface LockOwner {
  /** Random token of the run; its writes are checked against it. */
  readonly token: string;
  /** Id of the run, as in its leases. */
  readonly run: string;
  /** `user@controller`. */
  readonly by: string;
  /** `run install`. */
  readonly verb: string;
  /** Absent if the controller cannot determine it. */
  readonly process?: LockProcess;
}

/** The content of `lock.json` on a host. */
export interface LockRecord extends LockOwner {
  /** Seconds since the boot of the host. */
  readonly since: number;
  readonly boot: string;
  readonly stop?: LockStop;
  readonly sessions: readonly LockSession[];
  readonly op: LockOp | null;
}

/** All that a host reports of its lock. */
export interface LockView {
  readonly record: LockRecord | null;
  /** Hex sha256 of `lock.json`; `null`: there is none. */
  readonly digest: string | null;
  /** Records whose takeover has not been completed. */
  readonly old: readonly LockRecord[];
  /** Token and counter of the last beat. */
  readonly beat: string | null;
  /** Seconds since the last beat by the host's clock. */
  readonly beatAge: number;
  readonly epoch: number;
  readonly boot: string;
  /** Seconds since the boot of the host. */
  readonly now: number;
  /** The session of the asking connection; `null` if it does not run over sshd. */
  readonly session: LockSession | null;
}

/**
 * The lock of a host. Each method is one script under `flock` on the host. Each method that changes the lock returns
 * the resulting state, which shows whether the change was refused.
 */
export interface HostLock {
  /** Reads the lock. */
  view(): Promise<LockView>;
  /**
   * Takes the lock if `lock.json` has this digest (`null`: does not exist). Keeps a replaced record in `lock.old`.
   *
   * @throws OrchError FLOCK_MISSING
   */
  take(owner: LockOwner, from: string | null): Promise<LockView>;
  /** Replaces the record if `lock.json` has this digest. */
  swap(from: string, to: LockRecord): Promise<LockView>;
  /** Writes the beat if the lock has this token. */
  beat(token: string, count: number): Promise<LockView>;
  /** Deletes `lock.old` if the lock has this token. */
  settle(token: string): Promise<LockView>;
  /** Removes the lock if it has this token. */
  release(token: string): Promise<LockView>;
  /** Ends sshd sessions whose number and start time match. @returns the sessions that still exist */
  endSessions(sessions: readonly LockSession[]): Promise<readonly LockSession[]>;
  /** Whether no script is running that has checked its token. */
  isQuiet(): Promise<boolean>;
}
