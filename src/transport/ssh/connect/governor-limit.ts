import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Limits how many operations run at once, adapted to the other side. A refusal halves the limit; each full round of
 * successes adds one, up to `most`.
 */
export class AdaptiveLimit {
  readonly #most: number;
  readonly #limit: LimitFunction;
  /** Counts the halvings: all refusals of one round halve the limit once. */
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
   * Runs the work when the limit allows it. `isTooMuch` recognizes a failure that means "too many at once". With `who`,
   * one refusal does not concern the others: only a second one reduces the limit.
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
