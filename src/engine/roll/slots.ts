import pLimit, { type LimitFunction } from 'p-limit';

/** Limits how many hosts are worked on at the same time. A host that waits for its drain frees its slot. */
export class Slots {
  readonly #limit: LimitFunction;
  readonly #held = new Map<string, () => void>();

  constructor(width: number) {
    this.#limit = pLimit(width);
  }

  /** Waits for a free slot. */
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

  /** Frees the host's slot; no effect if it has none. */
  free(host: string): void {
    this.#held.get(host)?.();
    this.#held.delete(host);
  }
}
