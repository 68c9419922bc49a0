/** Raised to a host that was waiting for its turn when another one failed: it stays as it is. */
export class TurnsClosed extends Error {
  override readonly name = 'TurnsClosed';
}

/**
 * One host at a time. A host takes its turn before it changes something that is already serving, and keeps it until its
 * last gate has passed. Hosts in trouble (not ready, or not there yet) come first: one that serves is touched only when
 * all who began with it have been looked at and every troubled one is well again. After a failure, or an interrupt, the
 * turns are closed: nobody else starts.
 */
export class Turns {
  #holder: string | undefined;
  #closed: string | undefined;
  readonly #unseen = new Set<string>();
  readonly #troubled = new Set<string>();
  #waiting: { readonly host: string; go(): void; stop(error: Error): void }[] = [];

  /** A host begins: until it has been looked at, nobody knows whether it is well. */
  begin(host: string): void {
    this.#unseen.add(host);
  }

  looked(host: string, troubled: boolean): void {
    this.#unseen.delete(host);
    if (troubled) this.#troubled.add(host);
    this.#next();
  }

  /** Waits for the turn. @throws TurnsClosed when a host failed meanwhile */
  async take(host: string): Promise<void> {
    if (this.#closed !== undefined) throw new TurnsClosed(this.#closed);
    await new Promise<void>((go, stop) => {
      this.#waiting.push({ host, go, stop });
      this.#next();
    });
  }

  /** The host is done with the play; its turn, if it has it, goes on. */
  end(host: string): void {
    this.#unseen.delete(host);
    this.#troubled.delete(host);
    if (this.#holder === host) this.#holder = undefined;
    this.#next();
  }

  close(reason: string): void {
    this.#closed ??= reason;
    for (const waiter of this.#waiting.splice(0)) waiter.stop(new TurnsClosed(reason));
  }

  #next(): void {
    if (this.#holder !== undefined) return;
    const calm = this.#unseen.size === 0 && this.#troubled.size === 0;
    const next = this.#waiting.find(({ host }) => calm || this.#troubled.has(host));
    if (next === undefined) return;
    this.#waiting = this.#waiting.filter((waiter) => waiter !== next);
    this.#holder = next.host;
    next.go();
  }
}
