/** What came of one kind of client. */
export interface Outcome {
  readonly sent: number;
  readonly good: number;
}

/** Counts by kind of client, and every error by what it was. */
export class LoadTally {
  readonly #sent = new Map<string, number>();
  readonly #good = new Map<string, number>();
  readonly #errors = new Map<string, number>();
  readonly #gateways = new Map<string, number>();

  /** Runs one exchange; what it throws is an error of this kind of client. */
  async count(client: string, exchange: () => Promise<string | undefined>): Promise<void> {
    add(this.#sent, client);
    try {
      const gateway = await exchange();
      add(this.#good, client);
      if (gateway !== undefined) add(this.#gateways, gateway);
    } catch (error) {
      add(this.#errors, `${client}: ${wordsOf(error)}`);
    }
  }

  clients(): Readonly<Record<string, Outcome>> {
    const entries = [...this.#sent].map(([client, sent]) => [client, { sent, good: this.#good.get(client) ?? 0 }]);
    return Object.fromEntries(entries.sort());
  }

  errors(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#errors].sort());
  }

  /** Answers by gateway. */
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
