/** A process of sshd on the host, told from a later one with the same number by its start time. */
export interface LockSession {
  readonly pid: number;
  readonly start: number;
}

/** A call that may go on when its caller is gone. */
export interface LockOp {
  readonly what: 'start' | 'stop' | 'remove';
  readonly container: string;
  /** By then it has ended; seconds since the boot of the host. */
  readonly until: number;
}

/** A request to the holder to come to a safe point and to release its locks. */
export interface LockStop {
  readonly by: string;
  readonly reason: string;
}

/** The process of the controller that holds a lock; its start time distinguishes it from a later one with the same number. */
export interface LockProcess extends LockSession {
  /** Digest of the machine's id and its table of processes: containers on one machine do not see each other's. */
  readonly machine: string;
  readonly boot: string;
}

/** Who a lock is taken for. */
export interface LockOwner {
  /** Drawn by the run: what its writes are checked for. */
  readonly token: string;
  /** Of the run, as its leases name it. */
  readonly run: string;
  /** `user@controller`. */
  readonly by: string;
  /** `run install`. */
  readonly verb: string;
  /** Left out where the controller cannot say. */
  readonly process?: LockProcess;
}

/** What `lock.json` on a host holds. */
export interface LockRecord extends LockOwner {
  /** Seconds since the boot of the host. */
  readonly since: number;
  readonly boot: string;
  readonly stop?: LockStop;
  readonly sessions: readonly LockSession[];
  readonly op: LockOp | null;
}

/** Everything that a host shows of its lock. */
export interface LockView {
  readonly record: LockRecord | null;
  /** Hex sha256 of `lock.json`; `null`: there is none. */
  readonly digest: string | null;
  /** Records that were taken over by somebody who has not come to the end of that. */
  readonly old: readonly LockRecord[];
  /** Token and counter. */
  readonly beat: string | null;
  /** Seconds since the last beat by the host's clock. */
  readonly beatAge: number;
  readonly epoch: number;
  readonly boot: string;
  /** Seconds since the boot of the host. */
  readonly now: number;
  /** The session of the connection that asks; `null` where sshd is not what carries it. */
  readonly session: LockSession | null;
}

/**
 * The lock of a host. Each method is one script under `flock` on the host, and each that changes the lock says what it is then:
 * one that was refused is seen by that.
 */
export interface HostLock {
  /** Changes nothing. */
  view(): Promise<LockView>;
  /**
   * Takes the lock if `lock.json` has this digest (`null`: is not there). A record that is replaced is kept in `lock.old`.
   *
   * @throws OrchError FLOCK_MISSING
   */
  take(owner: LockOwner, from: string | null): Promise<LockView>;
  /** Replaces the record if `lock.json` has this digest. */
  swap(from: string, to: LockRecord): Promise<LockView>;
  /** Writes the beat if the lock is of this token. */
  beat(token: string, count: number): Promise<LockView>;
  /** Forgets `lock.old` if the lock is of this token. */
  settle(token: string): Promise<LockView>;
  /** Removes the lock if it is of this token. */
  release(token: string): Promise<LockView>;
  /** Ends sessions of sshd whose number and start time match. @returns those that are still there */
  endSessions(sessions: readonly LockSession[]): Promise<readonly LockSession[]>;
  /** Whether no script that had its token checked is under way. */
  isQuiet(): Promise<boolean>;
}
