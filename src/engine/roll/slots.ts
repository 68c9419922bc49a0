import pLimit, { type LimitFunction } from 'p-limit';

/** So many hosts at work at the same time. A host that only waits for its turn gives its place to the next one. */
export class Slots {
  readonly #limit: LimitFunction;
  readonly #held = new Map<string, () => void>();

  constructor(width: number) {
    this.#limit = pLimit(width);
  }

  /** Waits for a place. */
  take(host: string): Promise<void> {
    return new Promise((entered) => {
      void this.#limit(() => {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#held.set(host, resolve);
        entered();
        return promise;
      });
    });
  }

  /** Gives the place on; fine when it was given on before. */
  free(host: string): void {
    this.#held.get(host)?.();
    this.#held.delete(host);
  }
}
