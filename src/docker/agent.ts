import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import { DialledSocket } from './socket.ts';

export type Dial = () => Promise<Duplex>;

/** An HTTP agent whose sockets come from `dial`; they are kept for the next request until the agent is destroyed. */
export class DialAgent extends Agent {
  readonly #dial: Dial;

  constructor(dial: Dial) {
    super({ keepAlive: true, maxSockets: 4 });
    this.#dial = dial;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    this.#dial().then(
      (stream) => callback?.(null, new DialledSocket(stream)),
      // Node's own type asks for a socket even with an error, and takes none.
      (error: Error) => (callback as ((error: Error) => void) | undefined)?.(error),
    );
    return undefined;
  }
}
