import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { OrchError } from '../../../core/base/errors.ts';
import type { SshTarget } from '../target.ts';
import type { ConnectStage } from './connect-errors.ts';
import { connectInterrupted, connectTimedOut } from './connect-errors.ts';
import { wholeBanner } from './whole-banner.ts';

/** Opens a new stream to the target. A stream that arrives after the signal is discarded. */
export type Dial = (signal: AbortSignal) => Promise<Duplex>;

/** Kept bytes of a server's first output, which may not be SSH. */
const EARLY_BYTES = 400;

/** Follows one connection attempt: its stage, time limit and interrupt. */
export class ConnectWatch {
  stage: ConnectStage = 'reach';
  /** The server's output before its SSH banner. */
  early = '';
  readonly #target: SshTarget;
  readonly #signal: AbortSignal | undefined;
  readonly #over = new AbortController();
  readonly #failed: Promise<never>;
  #fail: (error: OrchError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #leftMs: number;
  #since = 0;
  #pauses = 0;

  constructor(target: SshTarget, signal: AbortSignal | undefined) {
    this.#target = target;
    this.#signal = signal;
    this.#leftMs = target.connectTimeoutMs;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {});
    this.#start();
    if (signal?.aborted) this.#interrupt();
    else signal?.addEventListener('abort', this.#interrupt, { once: true });
  }

  /** The result of `work`, unless the time is up or the operator interrupts first. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed]);
  }

  /** Opens a stream to the target and follows its events. */
  async reach(dial: Dial): Promise<Duplex> {
    const dialling = dial(this.#over.signal);
    try {
      const stream = await this.race(dialling);
      this.stage = 'banner';
      // A stream without an error listener would end this process.
      stream.on('error', () => {});
      this.#overhear(stream);
      return stream;
    } catch (error) {
      dialling.then(
        (late) => late.on('error', () => {}).destroy(),
        () => {},
      );
      throw error;
    }
  }

  /** Stops the clock during a question. */
  async paused<T>(question: () => Promise<T>): Promise<T> {
    if (this.#pauses++ === 0) {
      clearTimeout(this.#timer);
      this.#leftMs -= performance.now() - this.#since;
    }
    try {
      return await this.race(question());
    } finally {
      if (--this.#pauses === 0 && !this.#over.signal.aborted) this.#start();
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#interrupt);
    this.#over.abort();
  }

  #start(): void {
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.#fail(connectTimedOut(this.#target, this)), Math.max(0, this.#leftMs));
  }

  readonly #interrupt = (): void => this.#fail(connectInterrupted());

  #overhear(stream: Duplex): void {
    wholeBanner(stream, (piece) => {
      if (this.stage !== 'banner' || this.early.length >= EARLY_BYTES) return;
      this.early = (this.early + piece.toString('latin1')).slice(0, EARLY_BYTES);
      const banner = /^SSH-/m.exec(this.early);
      if (banner === null) return;
      this.early = this.early.slice(0, banner.index);
      this.stage = 'keys';
    });
  }
}

/**
 * Share of the time limit for each address of a name but the last. Node's default of 250 ms is shorter than one
 * retransmission.
 */
const ADDRESS_SHARE = 1 / 3;

/** Dials the target directly by TCP. */
export const dialDirectly =
  (target: SshTarget): Dial =>
  (signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host: target.address,
        port: target.port,
        noDelay: true,
        autoSelectFamilyAttemptTimeout: Math.ceil(target.connectTimeoutMs * ADDRESS_SHARE),
      });
      const onAbort = (): void => void socket.destroy();
      signal.addEventListener('abort', onAbort, { once: true });
      socket.on('error', reject);
      socket.once('close', () => signal.removeEventListener('abort', onAbort));
      socket.once('connect', () => {
        signal.removeEventListener('abort', onAbort);
        resolve(socket);
      });
    });
