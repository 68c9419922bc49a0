import { OrchError } from '../core/errors.ts';

/** Raised to a host that was waiting for its turn when another one failed: it stays as it is. */
export class TurnsClosed extends Error {
  override readonly name = 'TurnsClosed';
}

/**
 * One host at a time. A host takes its turn before it changes something that is already serving, and keeps it until its
 * last gate has passed. After a failure the turns are closed: nobody else starts.
 */
export class Turns {
  #holder: string | undefined;
  #closed: string | undefined;
  readonly #waiting: { readonly host: string; go(): void; stop(error: Error): void }[] = [];

  /** Waits for the turn. @throws TurnsClosed when a host failed meanwhile */
  async take(host: string): Promise<void> {
    if (this.#closed !== undefined) throw new TurnsClosed(this.#closed);
    if (this.#holder === host) throw new OrchError('INTERNAL', `${host} asked for a turn that it already has`);
    if (this.#holder === undefined) {
      this.#holder = host;
      return;
    }
    await new Promise<void>((go, stop) => this.#waiting.push({ host, go, stop }));
  }

  /** Ends the turn, if this host has it. */
  pass(host: string): void {
    if (this.#holder !== host) return;
    const next = this.#waiting.shift();
    this.#holder = next?.host;
    next?.go();
  }

  close(reason: string): void {
    this.#closed ??= reason;
    for (const waiter of this.#waiting.splice(0)) waiter.stop(new TurnsClosed(reason));
  }
}
