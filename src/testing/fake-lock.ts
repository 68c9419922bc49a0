import { sha256 } from '../core/base/data.ts';
import { OrchError } from '../core/base/errors.ts';
import type { HostLock, LockOwner, LockRecord, LockSession, LockView } from '../core/host/lock.ts';
import { fencedError } from '../transport/lock/fence.ts';
import { recordText } from '../transport/lock/lock-script.ts';
import { recordOf } from '../transport/lock/parse-view.ts';

interface Beat {
  readonly text: string;
  /** Seconds. */
  readonly at: number;
}

/** The lock of a host in memory, with the behavior of the real scripts. */
export class FakeLock {
  record: LockRecord | null = null;
  old: LockRecord[] = [];
  epoch = 0;
  boot = 'boot-1';
  /** Whether the host has `flock`. */
  hasFlock = true;
  /** Whether the login user is root. */
  isRoot = true;
  /** Running scripts with a checked token. */
  underWay = 0;
  /** Sessions that do not end on request. */
  readonly stubborn = new Set<number>();
  readonly #now: () => number;
  readonly #ended = new Set<string>();
  #beat: Beat | null = null;
  #sessions = 1000;

  /** `now`: milliseconds by the host's clock. */
  constructor(now: () => number) {
    this.#now = () => Math.floor(now() / 1000);
  }

  /** Clears `/run` and ends everything that ran before. */
  reboot(): void {
    this.record = null;
    this.old = [];
    this.#beat = null;
    this.underWay = 0;
    this.boot = `${this.boot}+`;
  }

  newSession(): LockSession {
    return { pid: ++this.#sessions, start: this.#sessions * 10 };
  }

  hasEnded = ({ pid, start }: LockSession): boolean => this.#ended.has(`${pid} ${start}`);

  /** @throws OrchError FENCED unless the lock has this token */
  check(token: string): void {
    if (this.record?.token !== token) throw fencedError();
  }

  view(session: LockSession | null): LockView {
    const now = this.#now();
    return {
      record: this.record,
      digest: this.record && digestOf(this.record),
      old: [...this.old],
      beat: this.#beat?.text ?? null,
      beatAge: now - (this.#beat?.at ?? 0),
      epoch: this.epoch,
      boot: this.boot,
      now,
      session,
    };
  }

  /** The lock through a connection with this session. `change` and `ask` perform writes and reads of the host. */
  of(session: LockSession | null, change: Act, ask: Act): HostLock {
    const changed = (act: () => void): Promise<LockView> =>
      change(() => {
        if (!this.hasFlock) throw new OrchError('FLOCK_MISSING', 'the host has no flock');
        if (!this.isRoot) throw new OrchError('PERMISSION_DENIED', 'changing the lock of the host failed');
        act();
        return this.view(session);
      });
    const ours = (token: string, act: () => void) => changed(() => this.record?.token === token && act());
    return {
      view: () => ask(() => this.view(session)),
      take: (owner, from) => changed(() => this.#take(owner, from, session)),
      swap: (from, to) =>
        changed(() => {
          if (this.record !== null && digestOf(this.record) === from) this.record = written(to, this.boot);
        }),
      beat: (token, count) => ours(token, () => this.#beats(token, count)),
      settle: (token) =>
        ours(token, () => {
          this.old = [];
        }),
      release: (token) =>
        ours(token, () => {
          this.record = null;
          this.#beat = null;
        }),
      endSessions: (sessions) =>
        change(() => {
          for (const { pid, start } of sessions) if (!this.stubborn.has(pid)) this.#ended.add(`${pid} ${start}`);
          return sessions.filter((each) => !this.hasEnded(each));
        }),
      isQuiet: () => ask(() => this.underWay === 0),
    };
  }

  #take(owner: LockOwner, from: string | null, session: LockSession | null): void {
    if ((this.record && digestOf(this.record)) !== from) return;
    if (this.record !== null) this.old.push(this.record);
    this.epoch++;
    const sessions = session === null ? [] : [session];
    const taken = { ...owner, since: this.#now(), boot: this.boot, sessions, op: null };
    this.record = written(taken, this.boot);
    this.#beats(owner.token, 0);
  }

  #beats(token: string, count: number): void {
    this.#beat = { text: `${token} ${count}`, at: this.#now() };
  }
}

type Act = <T>(act: () => T) => Promise<T>;

/** The record as it is read back: without fields that no record has. */
const written = (record: LockRecord, boot: string): LockRecord => recordOf(recordText(record), boot);

const digestOf = (record: LockRecord): string => sha256(`${recordText(record)}\n`);
