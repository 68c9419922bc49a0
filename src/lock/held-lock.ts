import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/base/clock.ts';
import type { Connection } from '../core/host/connection.ts';
import type { HostLock, LockOp, LockRecord, LockView } from '../core/host/lock.ts';
import type { LimitedCall } from './guarded.ts';
import type { LockTimes } from './lock-times.ts';

/** A moment by two clocks: Linux's monotonic clock stops while a machine sleeps, and the wall clock can be set. */
interface Moment {
  readonly now: number;
  readonly wall: number;
}

export const momentOf = (clock: Clock): Moment => ({ now: clock.now(), wall: clock.wall?.() ?? clock.now() });

/** Milliseconds since a moment, by the clock that has advanced more. */
export const sinceMoment = (clock: Clock, { now, wall }: Moment): number => {
  const then = momentOf(clock);
  return Math.max(then.now - now, then.wall - wall);
};

export interface HeldOptions {
  readonly host: string;
  readonly token: string;
  readonly clock: Clock;
  readonly times: LockTimes;
  /** Runs a repeatable operation on the host's lock, on a new connection after a loss. */
  onLock<T>(act: (lock: HostLock) => Promise<T>): Promise<T>;
  /** Called with each view of the lock. @throws OrchError FENCED */
  check(view: LockView): void;
}

/** The lock of one host, as its holder knows it. */
export class HeldLock {
  readonly host: string;
  readonly epoch: number;
  readonly #options: HeldOptions;
  readonly #ready = new WeakMap<Connection, Promise<void>>();
  readonly #calls = new Set<LockOp>();
  #view: LockView;
  /** Send time of the last acknowledged beat. */
  #sent: Moment;
  #count = 0;
  #beating: Promise<void> | undefined;

  /** `sent`: when the lock was requested. */
  constructor(options: HeldOptions, view: LockView, sent: Moment) {
    this.host = options.host;
    this.epoch = view.epoch;
    this.#options = options;
    this.#view = view;
    this.#sent = sent;
  }

  get age(): number {
    return sinceMoment(this.#options.clock, this.#sent);
  }

  /** The lock still names a call that has ended: after a crash the next run would wait for it. */
  get isOpStale(): boolean {
    return this.#view.record?.op != null && this.#calls.size === 0;
  }

  /** Sends a beat, which also checks the lock. @throws OrchError FENCED */
  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beat(): Promise<void> {
    // A finished call is removed now, not with the next call.
    if (this.isOpStale) await this.#update((record) => ({ ...record, op: null }));
    const sent = momentOf(this.#options.clock);
    this.#saw(await this.#options.onLock((lock) => lock.beat(this.#options.token, ++this.#count)));
    this.#sent = sent;
  }

  /** Registers a connection's session before its first write: a takeover must know it. */
  ready(connection: Connection, isKnown = false): Promise<void> {
    const ready = this.#ready.get(connection) ?? (isKnown ? Promise.resolve() : this.#register(connection));
    this.#ready.set(connection, ready);
    ready.catch(() => this.#ready.delete(connection));
    return ready;
  }

  async #register(connection: Connection): Promise<void> {
    // Also checks the lock: another run may have ended the connection.
    const view = await connection.lock.view();
    this.#saw(view);
    const { session } = view;
    if (session === null) return;
    await this.#update((record) =>
      record.sessions.some((known) => isDeepStrictEqual(known, session))
        ? record
        : { ...record, sessions: [...record.sessions, session] },
    );
  }

  /** Names a call in the lock that may outlive its caller, runs it, and removes it. */
  async during<T>({ op: call, limitMs }: LimitedCall, act: () => Promise<T>): Promise<T> {
    const until = Math.ceil(this.#hostNow + (limitMs + this.#options.times.opSlackMs) / 1000);
    const op = { ...call, until };
    this.#calls.add(op);
    try {
      await this.#update((record) => ({ ...record, op }));
      return await act();
    } finally {
      this.#calls.delete(op);
    }
  }

  /** Seconds on the host's clock. */
  get #hostNow(): number {
    return this.#view.now + sinceMoment(this.#options.clock, this.#sent) / 1000;
  }

  async #update(change: (record: LockRecord) => LockRecord): Promise<void> {
    for (;;) {
      const { record, digest } = this.#view;
      if (record === null || digest === null) return this.#options.check(this.#view);
      const to = change(record);
      if (isDeepStrictEqual(to, record)) return;
      this.#saw(await this.#options.onLock((lock) => lock.swap(digest, to)));
      // The record differs if a stop was requested meanwhile, or if it names another call of this run.
      if (isDeepStrictEqual(this.#view.record, to)) return;
    }
  }

  #saw(view: LockView): void {
    this.#options.check(view);
    this.#view = view;
  }
}
