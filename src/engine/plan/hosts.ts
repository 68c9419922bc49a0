import { type Clock, systemClock } from '../../core/base/clock.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';

/** Opens a connection to a host of the inventory. */
export type Connect = (host: string) => Promise<Connection>;

export interface HostsOptions {
  readonly clock?: Clock;
  /** Ends the waiting for hosts that went away. */
  readonly signal?: AbortSignal;
  /** How long a host that was there may stay away, milliseconds: its sshd restarts, a switch comes up again. */
  readonly patienceMs?: number;
  /** How long to wait while no host at all answers, milliseconds: then it is not the hosts that are away. */
  readonly holdMs?: number;
}

const PATIENCE_MS = 15_000;
const HOLD_MS = 10 * 60_000;
/** A host that does not answer within this time counts as silent. */
const SILENT_MS = 5000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** The run's connections: one per host, opened when first needed, opened again after a loss. */
export class Hosts {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  readonly #holdMs: number;
  readonly #open = new Map<string, Promise<Connection>>();
  readonly #listeners: ((up: boolean) => void)[] = [];
  /** Nothing is opened any more: what is still reading must not keep the process alive by connecting again. */
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

  /** Calls back when no host at all answers any more (it is our own network then), and when they do again. */
  onNetwork(listener: (up: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** @throws OrchError CONNECT_… */
  get(host: string): Promise<Connection> {
    return this.#open.get(host) ?? this.#keep(host, this.#connectOnce(host));
  }

  /**
   * A connection in place of one that was lost (undefined: none ever was): the one that somebody else has opened since,
   * or a new one. A host that was there a moment ago gets some time to come back; while no other host answers either, it
   * gets much longer.
   *
   * @throws OrchError CONNECT_…
   */
  async reconnect(host: string, lost: Connection | undefined): Promise<Connection> {
    const opening = this.#open.get(host);
    const current = await opening?.catch(() => undefined);
    if (lost === undefined || this.#open.get(host) !== opening || current !== lost) return await this.get(host);
    const reopening = this.#keep(host, this.#connectPatiently(host));
    // Its sockets and waiting commands end with it; what it may say now helps nobody.
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
    // A failed attempt is not kept: the next one who asks tries again.
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
          // Spread out: all hosts behind one switch come back together.
          const ms = pause * (0.5 + Math.random());
          if (!mayComeBack(error)) throw error;
          const now = this.#clock.now() + ms;
          if (now - begun > this.#patienceMs) {
            if (now - first > this.#holdMs) throw error;
            const silent = await this.#nobodyAnswers(host);
            if (!silent && !holding) throw error;
            if (silent !== holding) this.#hold(silent ? 1 : -1);
            // The network is back, and this attempt was made before: the host gets its own time to come back, too.
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

  /** The first host that finds nobody there begins the hold, the last one that comes back ends it. */
  #hold(by: 1 | -1): void {
    const was = this.#holding;
    this.#holding += by;
    if (was === 0 || this.#holding === 0) for (const listener of this.#listeners) listener(by === -1);
  }

  /** Whether every other host that was connected is silent, too. With none to ask, it is this host that is away. */
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

/** Not the wrong key, and not the wrong password: nothing that trying again cannot mend. */
const mayComeBack = (error: unknown): boolean =>
  error instanceof OrchError &&
  error.retryable &&
  (error.code.startsWith('CONNECT_') || error.code === 'CONNECTION_LOST');
