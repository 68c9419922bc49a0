import { setTimeout as sleep } from 'node:timers/promises';

/** The responses to a number of requests. */
export interface Traffic {
  readonly sent: number;
  /** Responses with status 200 that name their gateway and its configuration. */
  readonly good: number;
  /** All others, by kind: `503`, `ECONNRESET`, `no X-Gateway`. */
  readonly bad: Readonly<Record<string, number>>;
  /** Good responses by gateway. */
  readonly gateways: Readonly<Record<string, number>>;
  /** Configuration revisions seen, by gateway. */
  readonly revisions: Readonly<Record<string, readonly string[]>>;
}

/**
 * Sends GET requests, a few at a time, each on a connection of its own, and counts responses by gateway.
 *
 * @example const { good, gateways } = await sendRequests(lab.url('gateways'), 300);
 */
export async function sendRequests(url: string, count: number, width = 6): Promise<Traffic> {
  const tally = new TrafficTally();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next++;
      await tally.request(`${url}/demo?n=${next}`);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return tally.traffic();
}

/**
 * Sends requests until it is stopped, as a load during another action. Each of its clients sends five a second at most: without a
 * pause they would take the processors from the gateways and from other labs.
 */
export function steadyLoad(url: string, width = 6): { stop(): Promise<Traffic> } {
  const tally = new TrafficTally();
  let running = true;
  const worker = async (): Promise<void> => {
    while (running) await Promise.all([tally.request(`${url}/load`), sleep(200)]);
  };
  const workers = Array.from({ length: width }, worker);
  return {
    async stop() {
      running = false;
      await Promise.all(workers);
      return tally.traffic();
    },
  };
}

class TrafficTally {
  #sent = 0;
  #good = 0;
  readonly #bad = new Map<string, number>();
  readonly #gateways = new Map<string, number>();
  readonly #revisions = new Map<string, Set<string>>();

  async request(url: string): Promise<void> {
    this.#sent++;
    try {
      const reply = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(20_000) });
      await reply.arrayBuffer();
      const gateway = reply.headers.get('x-gateway');
      const revision = reply.headers.get('x-config-revision');
      if (reply.status !== 200) return this.#count(String(reply.status));
      if (gateway === null || revision === null) return this.#count('no X-Gateway');
      this.#good++;
      this.#gateways.set(gateway, (this.#gateways.get(gateway) ?? 0) + 1);
      this.#revisions.set(gateway, (this.#revisions.get(gateway) ?? new Set()).add(revision));
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.#count(cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause));
    }
  }

  traffic(): Traffic {
    const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      sent: this.#sent,
      good: this.#good,
      bad: Object.fromEntries(sorted(this.#bad)),
      gateways: Object.fromEntries(sorted(this.#gateways)),
      revisions: Object.fromEntries(sorted(this.#revisions).map(([gateway, seen]) => [gateway, [...seen]])),
    };
  }

  #count(what: string): void {
    this.#bad.set(what, (this.#bad.get(what) ?? 0) + 1);
  }
}
