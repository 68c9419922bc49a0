import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/base/clock.ts';
import { isConnectionLost, OrchError } from '../core/base/errors.ts';
import type { Connection } from '../core/host/connection.ts';
import type { HostLock, LockOwner, LockProcess, LockStop, LockView } from '../core/host/lock.ts';
import type { LockScope } from '../core/host/lock-scope.ts';
import type { LockHosts, Locks } from '../core/host/locks.ts';
import { type Gate, guarded } from './guarded.ts';
import { HeldLock, momentOf, sinceMoment } from './held-lock.ts';
import { LOCK_TIMES, type LockTimes } from './lock-times.ts';
import { fencedBy } from './locked-error.ts';
import { TakeAll } from './take-all.ts';

export interface RunLocksOptions {
  readonly owner: LockOwner;
  readonly clock: Clock;
  readonly times?: LockTimes;
  /** How long to wait for another run. */
  readonly waitMs: number;
  /** Ends that wait. */
  readonly signal?: AbortSignal;
  /** The hosts to lock together with the hosts to change. */
  scope(names: readonly string[]): LockScope;
  /** Whether a holder's process ran on this machine and has ended. */
  hasEnded(process: LockProcess): boolean;
  /** Another run asks this one to stop at a safe point. */
  onStop(stop: LockStop): void;
  /** Another run has taken over a lock of this one: no further write is allowed. */
  onFenced(error: OrchError): void;
  say(message: string, host?: string): void;
}

/** Attempts on a new connection after a loss. */
const LOSSES = 3;

/**
 * The locks of one run. Each host that it may change stays locked until its end, and each write checks the lock. If a
 * lock cannot be checked, nothing is written. If another run has taken over one lock, this run writes nothing any more.
 *
 * @example const locks = new RunLocks({ owner, clock, waitMs: 0, … }); const hosts = new
 *   Hosts(locks.connecting(connect)); await locks.take(['gw-1'], hosts)
 */
export class RunLocks implements Locks {
  readonly #options: RunLocksOptions;
  readonly #times: LockTimes;
  /** Hosts on which the login user has no right to lock. */
  readonly #unlocked = new Set<string>();
  readonly #held = new Map<string, HeldLock>();
  /** The latest connection of each host. */
  readonly #open = new Map<string, Connection>();
  readonly #end = new AbortController();
  #hosts: LockHosts | undefined;
  #balancers: ReadonlySet<string> = new Set();
  #fenced: OrchError | undefined;
  #proving: Promise<void> | undefined;
  #ticking = false;
  #isLate = false;
  #tick: ReturnType<typeof momentOf>;
  #stopped = false;

  constructor(options: RunLocksOptions) {
    this.#options = options;
    this.#times = options.times ?? LOCK_TIMES;
    this.#tick = momentOf(options.clock);
  }

  /** Connections that write only under the lock of their host. */
  connecting(connect: (host: string) => Promise<Connection>): (host: string) => Promise<Connection> {
    return async (host) => {
      const connection = await connect(host);
      this.#open.set(host, connection);
      return guarded(connection, this.#gate(host, connection));
    };
  }

  async take(names: readonly string[], hosts: LockHosts): Promise<void> {
    const { owner, clock, waitMs, signal, hasEnded, say } = this.#options;
    this.#hosts = hosts;
    const scope = this.#options.scope(names);
    this.#balancers = new Set(scope.balancers);
    const all = new TakeAll({
      owner,
      clock,
      times: this.#times,
      waitMs,
      signal,
      hosts,
      hasEnded,
      say,
      onLock: (host, act) => this.#onLock(host, act),
      hold: (host, view, sent) => this.#hold(host, view, sent),
      cannotLock: (host) => void this.#unlocked.add(host),
      giveUp: () => this.#releaseAll(),
    });
    try {
      await all.take(scope);
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async refresh(): Promise<boolean> {
    if (this.#fenced !== undefined) throw this.#fenced;
    if (this.#proving === undefined && !this.#isDoubtful()) return false;
    this.#proving ??= this.#proveAll().finally(() => {
      this.#proving = undefined;
    });
    await this.#proving;
    return true;
  }

  async release(): Promise<void> {
    this.#end.abort();
    // After a takeover the locks belong to the other run: nothing is released.
    if (this.#fenced !== undefined) return;
    await this.#releaseAll();
  }

  /**
   * Balancers last: a run that sees their locks released sees all of them released. A lock that cannot be released
   * expires.
   */
  async #releaseAll(): Promise<void> {
    const held = [...this.#held.keys()];
    this.#held.clear();
    const { token } = this.#options.owner;
    for (const isLast of [false, true])
      await Promise.allSettled(
        held
          .filter((host) => this.#balancers.has(host) === isLast)
          .map((host) => this.#onLock(host, (lock) => lock.release(token))),
      );
  }

  async #hold(host: string, view: LockView, sent: ReturnType<typeof momentOf>): Promise<void> {
    const { clock, owner } = this.#options;
    const held = new HeldLock(
      {
        host,
        token: owner.token,
        clock,
        times: this.#times,
        onLock: (act) => this.#onLock(host, act),
        check: (seen) => this.#check(held, seen),
      },
      view,
      sent,
    );
    this.#held.set(host, held);
    const { record, session } = view;
    const isKnown = session === null || record?.sessions.some((each) => isDeepStrictEqual(each, session));
    const connection = this.#open.get(host);
    if (isKnown === true && connection !== undefined) await held.ready(connection, true);
    if (!this.#ticking) void this.#beats();
  }

  /** Each beat also reads whether another run wants this one to stop. */
  async #beats(): Promise<void> {
    const { clock } = this.#options;
    this.#ticking = true;
    this.#tick = momentOf(clock);
    const everyMs = this.#everyMs;
    while (!this.#end.signal.aborted) {
      await clock.sleep(everyMs, this.#end.signal).catch(() => undefined);
      this.#isLate ||= this.#isTimerLate();
      this.#tick = momentOf(clock);
      // A late beat ends nothing: the next write checks the lock, or waits until it can.
      for (const held of this.#held.values())
        if (held.age >= this.#times.beatMs || held.isOpStale) held.beat().catch(() => undefined);
    }
  }

  get #everyMs(): number {
    return Math.min(1000, this.#times.beatMs / 2);
  }

  #isTimerLate = (): boolean =>
    this.#ticking && sinceMoment(this.#options.clock, this.#tick) > this.#everyMs + this.#times.gapMs;

  #isDoubtful(): boolean {
    return (
      this.#isLate || this.#isTimerLate() || [...this.#held.values()].some(({ age }) => age > this.#times.ttlMs / 2)
    );
  }

  async #proveAll(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.beat()));
    this.#isLate = false;
    this.#tick = momentOf(this.#options.clock);
  }

  #gate(host: string, connection: Connection): Gate {
    const { token } = this.#options.owner;
    return async ({ proof, call }, act) => {
      await this.refresh();
      const held = this.#held.get(host);
      if (held === undefined) {
        if (this.#unlocked.has(host)) return await act(connection);
        throw new OrchError('INTERNAL', `a change of ${host} without its lock`, {
          host,
          hint: 'report it: the host is not among those that this command locks',
        });
      }
      await held.ready(connection);
      if (proof !== 'script' && held.age >= this.#times.freshMs) await held.beat();
      try {
        const write = () => act(connection.under(token));
        return await (call === undefined ? write() : held.during(call, write));
      } catch (error) {
        if (error instanceof OrchError && error.code === 'FENCED') throw this.#fence(error);
        throw error;
      }
    };
  }

  #check(held: HeldLock, view: LockView): void {
    if (view.record?.token !== this.#options.owner.token || view.epoch !== held.epoch) {
      const error = fencedBy(held.host, view);
      // A lock that was given up no longer belongs to this run: its loss means nothing.
      throw this.#held.get(held.host) === held ? this.#fence(error) : error;
    }
    const { stop } = view.record;
    if (stop === undefined || this.#stopped) return;
    this.#stopped = true;
    this.#options.onStop(stop);
  }

  #fence(error: OrchError): OrchError {
    if (this.#fenced === undefined && !this.#end.signal.aborted) {
      this.#fenced = error;
      this.#end.abort();
      this.#options.onFenced(error);
    }
    return this.#fenced ?? error;
  }

  async #onLock<T>(host: string, act: (lock: HostLock) => Promise<T>): Promise<T> {
    const hosts = this.#hosts as LockHosts;
    let connection = await hosts.get(host);
    for (let losses = 0; ; losses++) {
      try {
        return await act(connection.lock);
      } catch (error) {
        if (!isConnectionLost(error) || losses >= LOSSES) throw error;
        connection = await hosts.reconnect(host, connection);
      }
    }
  }
}
