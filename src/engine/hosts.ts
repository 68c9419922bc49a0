import { type Clock, systemClock } from '../core/clock.ts';
import type { Connection } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';

/** Opens a connection to a host of the inventory. */
export type Connect = (host: string) => Promise<Connection>;

export interface HostsOptions {
  readonly clock?: Clock;
  /** Ends the waiting for hosts that went away. */
  readonly signal?: AbortSignal;
  /** How long a host that was there may stay away, milliseconds: its sshd restarts, a switch comes up again. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 15_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2000;

/** The run's connections: one per host, opened when first needed, opened again after a loss. */
export class Hosts {
  readonly #connect: Connect;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #patienceMs: number;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(connect: Connect, { clock = systemClock, signal, patienceMs = PATIENCE_MS }: HostsOptions = {}) {
    this.#connect = connect;
    this.#clock = clock;
    this.#signal = signal;
    this.#patienceMs = patienceMs;
  }

  /** @throws OrchError CONNECT_… */
  get(host: string): Promise<Connection> {
    return this.#open.get(host) ?? this.#keep(host, this.#connect(host));
  }

  /**
   * A connection in place of one that was lost (undefined: none ever was): the one that somebody else has opened since, or a new one. A host that
   * was there a moment ago gets some time to come back.
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
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opening) => (await opening).close()));
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
    const deadline = this.#clock.now() + this.#patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await this.#connect(host);
      } catch (error) {
        // Spread out: all hosts behind one switch come back together.
        const ms = pause * (0.5 + Math.random());
        if (!mayComeBack(error) || this.#clock.now() + ms > deadline) throw error;
        await this.#clock.sleep(ms, this.#signal);
      }
    }
  }
}

/** Not the wrong key, and not the wrong password: nothing that trying again cannot mend. */
const mayComeBack = (error: unknown): boolean =>
  error instanceof OrchError &&
  error.retryable &&
  (error.code.startsWith('CONNECT_') || error.code === 'CONNECTION_LOST');
