import type { Connection } from '../core/connection.ts';

/** Opens a connection to a host of the inventory. */
export type Connect = (host: string) => Promise<Connection>;

/** The run's connections: one per host, opened when first needed, opened again after a loss. */
export class Hosts {
  readonly #connect: Connect;
  readonly #open = new Map<string, Promise<Connection>>();

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  /** @throws OrchError CONNECT_… */
  get(host: string): Promise<Connection> {
    const known = this.#open.get(host);
    if (known !== undefined) return known;
    const opening = this.#connect(host);
    this.#open.set(host, opening);
    // A failed attempt is not kept: the next one who asks tries again.
    opening.catch(() => this.#open.delete(host));
    return opening;
  }

  async reconnect(host: string): Promise<Connection> {
    const old = this.#open.get(host);
    this.#open.delete(host);
    await old?.then((connection) => connection.close()).catch(() => undefined);
    return this.get(host);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opening) => (await opening).close()));
  }
}
