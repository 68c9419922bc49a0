import type { Cluster } from './cluster.ts';

/** The duration of a slow request, and how often each gateway gets a short one on each balancer. */
const LONG_MS = 700;
const EVERY_MS = 100;
/** Short requests at one moment, for each gateway: more would show nothing new. */
const MOST = 22;

interface Running {
  readonly lb: string;
  readonly server: string;
  readonly until: number;
  end(): void;
}

/** Clients without pauses: many short requests, and on each balancer always a slow one. */
export class Load {
  readonly #cluster: Cluster;
  readonly #onLost: (lb: string) => void;
  #running: Running[] = [];
  #due = 0;

  /** `onLost`: a balancer had no server for a request, or sent it to one that was down. */
  constructor(cluster: Cluster, onLost: (lb: string) => void) {
    this.#cluster = cluster;
    this.#onLost = onLost;
  }

  /** Requests that a gateway works on now. */
  on = (id: string, lb?: string): number =>
    this.#running.filter((one) => one.server === id && (lb === undefined || one.lb === lb)).length;

  pass(ms: number): void {
    const { time, balancers, ids } = this.#cluster;
    const now = time.now();
    this.#due += ms;
    if (this.#due < EVERY_MS) return;
    const count = ids.length * Math.min(MOST, Math.floor(this.#due / EVERY_MS));
    this.#due = 0;
    this.#finish(({ until, server }) => until <= now || !this.#cluster.isHealthy(server));
    for (const [lb, haproxy] of balancers) {
      for (let i = 0; i < count; i++) {
        const request = haproxy.request('gateways');
        if (request === null) this.#onLost(lb);
        else request.end();
      }
      const request = haproxy.request('gateways');
      if (request !== null) this.#running.push({ ...request, lb, until: now + LONG_MS });
    }
  }

  #finish(over: (one: Running) => boolean): void {
    for (const one of this.#running) if (over(one)) one.end();
    this.#running = this.#running.filter((one) => !over(one));
  }
}
