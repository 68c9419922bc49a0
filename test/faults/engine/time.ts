import type { Clock } from '../../../src/core/base/clock.ts';
import { Violation } from '../world.ts';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/** Ticks of the event loop without any event after which no work is pending: a fake host replies within one. */
const CALM = 3;
const LONGEST_MS = 4 * 3_600_000;
/** Of real time. */
const LONGEST_WORK_MS = 1000;

/** A clock that advances only while no work is pending: hours of it cost nothing, and an endless wait is found at once. */
export class VirtualTime implements Clock {
  #now = 0;
  #moves = 0;
  #sleepers: Sleeper[] = [];
  /** Called with the milliseconds that pass, before any sleeper wakes up. */
  onPass: (ms: number) => void = () => undefined;

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = this.#at(ms, wake);
      signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Calls back after so many milliseconds. */
  after(ms: number, then: () => void): void {
    this.#at(ms, then);
  }

  /** Work happens: time does not pass. */
  moved(): void {
    this.#moves++;
  }

  /** No sleeper is woken again. */
  forget(): void {
    this.#sleepers = [];
  }

  /** Lets time pass until that is done. @throws Violation when it never will be, or the result of `wrong` */
  async until(done: Promise<unknown>, wrong: () => Error | undefined): Promise<void> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    done.then(end, end);
    const limit = this.#now + LONGEST_MS;
    for (let seen = this.#moves, calm = 0; !settled; ) {
      await new Promise((resolve) => setImmediate(resolve));
      const error = wrong();
      if (error !== undefined) throw error;
      calm = this.#moves === seen ? calm + 1 : 0;
      seen = this.#moves;
      if (calm < CALM || settled) continue;
      calm = 0;
      if (!this.#pass() && !(await this.#works(() => settled))) throw new Violation('it waits for ever');
      if (this.#now > limit) throw new Violation('it never ends');
    }
  }

  /** Whether work that takes real time is pending: the digest of a secret is computed in a thread. */
  async #works(isSettled: () => boolean): Promise<boolean> {
    const moves = this.#moves;
    for (let ms = 0; ms < LONGEST_WORK_MS; ms += 2) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (this.#moves !== moves || isSettled()) return true;
    }
    return false;
  }

  #at(ms: number, wake: () => void): Sleeper {
    const sleeper = { at: this.#now + Math.ceil(ms), wake };
    this.#sleepers.push(sleeper);
    this.#moves++;
    return sleeper;
  }

  #pass(): boolean {
    const next = Math.min(...this.#sleepers.map(({ at }) => at));
    if (!Number.isFinite(next)) return false;
    const ms = next - this.#now;
    this.#now = next;
    if (ms > 0) this.onPass(ms);
    const due = this.#sleepers.filter(({ at }) => at <= next);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > next);
    for (const { wake } of due) wake();
    return true;
  }
}
