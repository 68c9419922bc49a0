import pLimit, { type LimitFunction } from 'p-limit';

/**
 * How many of something may be under way at once: as many as the other side takes. Turned away, it halves; each full
 * round of successes lets one more through, up to `most`.
 */
export class AdaptiveLimit {
  readonly #most: number;
  readonly #limit: LimitFunction;
  /** Counts the halvings: all that began under one width say the same thing, so together they halve it once. */
  #round = 0;
  #successes = 0;
  #turnedAway: string | undefined;

  constructor(most: number) {
    this.#most = most;
    this.#limit = pLimit(most);
  }

  get width(): number {
    return this.#limit.concurrency;
  }

  /**
   * Does the work when it is its turn. `isTooMuch` tells a failure that means "too many at once". With `who`, one that
   * is turned away proves nothing about the others: only a second one narrows the limit.
   */
  run<T>(work: () => Promise<T>, isTooMuch: (error: unknown) => boolean, who?: string): Promise<T> {
    return this.#limit(async () => {
      const round = this.#round;
      try {
        const result = await work();
        this.#widen();
        return result;
      } catch (error) {
        if (isTooMuch(error)) this.#narrow(round, who);
        throw error;
      }
    });
  }

  #narrow(round: number, who: string | undefined): void {
    const isAlone = who !== undefined && (this.#turnedAway === undefined || this.#turnedAway === who);
    this.#turnedAway = who;
    if (isAlone || round !== this.#round) return;
    this.#round++;
    this.#successes = 0;
    this.#turnedAway = undefined;
    this.#limit.concurrency = Math.max(1, Math.floor(this.width / 2));
  }

  #widen(): void {
    this.#successes++;
    if (this.width >= this.#most || this.#successes < this.width) return;
    this.#successes = 0;
    this.#limit.concurrency = this.width + 1;
  }
}
