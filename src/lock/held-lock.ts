import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/base/clock.ts';
import type { Connection } from '../core/host/connection.ts';
import type { HostLock, LockOp, LockRecord, LockView } from '../core/host/lock.ts';
import type { LimitedCall } from './guarded.ts';
import type { LockTimes } from './lock-times.ts';

/** A moment by both clocks: Linux' monotonic one stands still while a machine sleeps, and the other one can be set. */
interface Moment {
  readonly now: number;
  readonly wall: number;
}

export const momentOf = (clock: Clock): Moment => ({ now: clock.now(), wall: clock.wall?.() ?? clock.now() });

/** Milliseconds since a moment, by whichever clock says more. */
export const sinceMoment = (clock: Clock, { now, wall }: Moment): number => {
  const then = momentOf(clock);
  return Math.max(then.now - now, then.wall - wall);
};

export interface HeldOptions {
  readonly host: string;
  readonly token: string;
  readonly clock: Clock;
  readonly times: LockTimes;
  /** Carries out what may be repeated on the lock of the host, on another connection where one is lost. */
  onLock<T>(act: (lock: HostLock) => Promise<T>): Promise<T>;
  /** Told what is seen of the lock. @throws OrchError FENCED */
  check(view: LockView): void;
}

/** The lock of one host as its holder knows it. */
export class HeldLock {
  readonly host: string;
  readonly epoch: number;
  readonly #options: HeldOptions;
  readonly #ready = new WeakMap<Connection, Promise<void>>();
  readonly #calls = new Set<LockOp>();
  #view: LockView;
  /** When the last beat that was acknowledged was sent. */
  #sent: Moment;
  #count = 0;
  #beating: Promise<void> | undefined;

  /** `sent`: when the taking was. */
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

  /** A call is still on record that has ended: after a crash the next run would wait for it. */
  get isOpStale(): boolean {
    return this.#view.record?.op != null && this.#calls.size === 0;
  }

  /** Also proves the lock. @throws OrchError FENCED */
  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
    });
    return this.#beating;
  }

  async #beat(): Promise<void> {
    // What has ended need not wait for the next call.
    if (this.isOpStale) await this.#update((record) => ({ ...record, op: null }));
    const sent = momentOf(this.#options.clock);
    this.#saw(await this.#options.onLock((lock) => lock.beat(this.#options.token, ++this.#count)));
    this.#sent = sent;
  }

  /** Before the first write of a connection: who takes over has to know its session. */
  ready(connection: Connection, isKnown = false): Promise<void> {
    const ready = this.#ready.get(connection) ?? (isKnown ? Promise.resolve() : this.#register(connection));
    this.#ready.set(connection, ready);
    ready.catch(() => this.#ready.delete(connection));
    return ready;
  }

  async #register(connection: Connection): Promise<void> {
    // Also a proof: the connection may have been lost because another run has ended it.
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

  /** Puts a call on record that may take longer than its caller lives, carries it out, and takes it off. */
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

  /** Seconds by the host's clock. */
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
      // Not so where somebody has asked for a stop meanwhile, or another call of this run is on record.
      if (isDeepStrictEqual(this.#view.record, to)) return;
    }
  }

  #saw(view: LockView): void {
    this.#options.check(view);
    this.#view = view;
  }
}
