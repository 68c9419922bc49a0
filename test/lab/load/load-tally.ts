/** The results of one kind of client. */
export interface Outcome {
  readonly sent: number;
  readonly good: number;
}

/** Counts by kind of client, and every error by its kind. */
export class LoadTally {
  readonly #sent = new Map<string, number>();
  readonly #good = new Map<string, number>();
  readonly #errors = new Map<string, { count: number; readonly first: number; last: number }>();
  readonly #begun = performance.now();
  readonly #gateways = new Map<string, number>();

  /** Runs one exchange; an exception counts as an error of this kind of client on that balancer. */
  async count(client: string, balancer: string, exchange: () => Promise<string | undefined>): Promise<void> {
    const at = (performance.now() - this.#begun) / 1000;
    add(this.#sent, client);
    try {
      const gateway = await exchange();
      add(this.#good, client);
      if (gateway !== undefined) add(this.#gateways, gateway);
    } catch (error) {
      const what = `${client} at ${balancer}: ${wordsOf(error)}`;
      const { count, first } = this.#errors.get(what) ?? { count: 0, first: at };
      this.#errors.set(what, { count: count + 1, first, last: at });
    }
  }

  clients(): Readonly<Record<string, Outcome>> {
    const entries = [...this.#sent].map(([client, sent]) => [client, { sent, good: this.#good.get(client) ?? 0 }]);
    return Object.fromEntries(entries.sort());
  }

  /** How many of each, and when the first and the last of them began, in seconds since the start of the load. */
  errors(): Readonly<Record<string, string>> {
    const words = [...this.#errors].map(
      ([what, { count, first, last }]) =>
        [what, `${count}, begun ${first.toFixed(1)} s to ${last.toFixed(1)} s`] as const,
    );
    return Object.fromEntries(words.sort());
  }

  /** Responses by gateway. */
  gateways(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#gateways].sort());
  }
}

function add(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}
