import { type Clock, systemClock } from '../../core/base/clock.ts';
import { isUnreachable, OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';

/** Opens a connection to a host of the inventory. */
export type Connect = (host: string) => Promise<Connection>;

export interface HostsOptions {
  readonly clock?: Clock;
  /** Ends the wait for lost hosts. */
  readonly signal?: AbortSignal;
  /** How long a lost host may take to return, in milliseconds: its sshd restarts, a switch reboots. */
  readonly patienceMs?: number;
  /** How long to wait while no host at all responds, in milliseconds: then the controller's own network is down. */
  readonly holdMs?: number;
}

const PATIENCE_MS = 15_000;
const HOLD_MS = 10 * 60_000;
/** A host that does not respond within this time counts as not responding. */
const SILENT_MS = 5000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** The run's connections: one per host, opened at first use and again after a loss. */
export class Hosts {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  readonly #holdMs: number;
  readonly #open = new Map<string, Promise<Connection>>();
  readonly #listeners: ((up: boolean) => void)[] = [];
  /** Set at the end: a late read must not reconnect and keep the process alive. */
  readonly #end = new AbortController();
  #holding = 0;

  constructor(
    connect: Connect,
    { clock = systemClock, signal, patienceMs = PATIENCE_MS, holdMs = HOLD_MS }: HostsOptions = {},
  ) {
    this.#holdMs = holdMs;
    this.#connect = connect;
    this.#clock = clock;
    this.#signal = signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]);
    this.#patienceMs = patienceMs;
  }

  /** Calls back when no host responds any more (the controller's own network is down), and when hosts respond again. */
  onNetwork(listener: (up: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws OrchError CONNECT_… */
  get(host: string): Promise<Connection> {
    return this.#open.get(host) ?? this.#keep(host, this.#connectOnce(host));
  }

  /**
   * A new connection after a loss (`lost` undefined: there was none before); shares one that another caller has opened
   * since. Waits some time for a host to return, and much longer while no other host responds either.
   *
   * @throws OrchError CONNECT_…
   */
  async reconnect(host: string, lost: Connection | undefined): Promise<Connection> {
    const opening = this.#open.get(host);
    const current = await opening?.catch(() => undefined);
    if (lost === undefined || this.#open.get(host) !== opening || current !== lost) return await this.get(host);
    const reopening = this.#keep(host, this.#connectPatiently(host));
    // Ends its sockets and waiting commands; late replies are of no use.
    await lost.close().catch(() => undefined);
    return await reopening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opening) => (await opening).close()));
  }

  async #connectOnce(host: string): Promise<Connection> {
    if (this.#end.signal.aborted)
      throw new OrchError('INTERRUPTED', 'the run is over: no connection is opened', { host });
    return await this.#connect(host);
  }

  #keep(host: string, opening: Promise<Connection>): Promise<Connection> {
    this.#open.set(host, opening);
    // A failed attempt is not kept: the next caller tries again.
    opening.catch(() => {
      if (this.#open.get(host) === opening) this.#open.delete(host);
    });
    return opening;
  }

  async #connectPatiently(host: string): Promise<Connection> {
    const first = this.#clock.now();
    let begun = first;
    let holding = false;
    try {
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        try {
          return await this.#connectOnce(host);
        } catch (error) {
          // Random delays: all hosts behind one switch return at the same time.
          const ms = pause * (0.5 + Math.random());
          if (!mayComeBack(error)) throw error;
          const now = this.#clock.now() + ms;
          if (now - begun > this.#patienceMs) {
            if (now - first > this.#holdMs) throw error;
            const silent = await this.#nobodyAnswers(host);
            if (!silent && !holding) throw error;
            if (silent !== holding) this.#hold(silent ? 1 : -1);
            // The network is back since this attempt began: the host gets its full time to return.
            if (!silent) begun = this.#clock.now();
            holding = silent;
          }
          await this.#clock.sleep(ms, this.#signal);
        }
      }
    } finally {
      if (holding) this.#hold(-1);
    }
  }

  /** The first host without a response begins the outage, the last one that returns ends it. */
  #hold(by: 1 | -1): void {
    const was = this.#holding;
    this.#holding += by;
    if (was === 0 || this.#holding === 0) for (const listener of this.#listeners) listener(by === -1);
  }

  /** Whether no other connected host responds either. Without other hosts, only this host is unreachable. */
  async #nobodyAnswers(host: string): Promise<boolean> {
    const others = [...this.#open].filter(([name]) => name !== host);
    if (others.length === 0) return false;
    const answers = others.map(async ([, opening]) => {
      const asked = opening.then((connection) => connection.stat('/'));
      return await Promise.race([asked.then(() => true), this.#clock.sleep(SILENT_MS, this.#signal).then(() => false)]);
    });
    const settled = await Promise.allSettled(answers);
    return settled.every((answer) => answer.status === 'rejected' || !answer.value);
  }
}

/** Whether a retry may help: not after a wrong key or a wrong password. */
const mayComeBack = (error: unknown): boolean => error instanceof OrchError && error.retryable && isUnreachable(error);
