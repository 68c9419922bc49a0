import type { Duplex } from 'node:stream';
import { DialledSocket } from './socket.ts';

// An import asks for all that the module exports, a WebSocket among it, and that loads Node's whole fetch: 60 ms.
const { Agent } = process.getBuiltinModule('node:http');

/**
 * Opens a stream to an Engine. `release` is asked when what the stream takes of the host is wanted for something else: it
 * destroys the stream when nothing is under way on it, and tells whether it did.
 */
export type Dial = (release?: () => boolean) => Promise<Duplex>;

/** An HTTP agent whose sockets come from `dial`; they are kept for the next request until the agent is destroyed. */
export class DialAgent extends Agent {
  readonly #dial: Dial;

  constructor(dial: Dial) {
    // Each socket may be a session of its own on the host, where sshd allows ten: enough for all that a host is told at
    // once, and not more kept than single changes need.
    super({ keepAlive: true, maxSockets: 6, maxFreeSockets: 3 });
    this.#dial = dial;
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    // Node's own type asks for a socket even with an error, and takes none.
    const fail = callback as ((error: Error) => void) | undefined;
    let socket: DialledSocket | undefined;
    this.#dial(() => socket !== undefined && this.#letGo(socket)).then(
      (stream) => {
        // A stream that was closed while it was being handed over would leave its request waiting for ever.
        if (stream.destroyed) {
          // Its error is still to be told, and would end this process where nobody listens.
          stream.on('error', () => {});
          return fail?.(stream.errored ?? new Error('the Docker socket was closed at once'));
        }
        socket = new DialledSocket(stream);
        callback?.(null, socket);
      },
      (error: Error) => fail?.(error),
    );
    return undefined;
  }

  #letGo(socket: Duplex): boolean {
    const idle = Object.values(this.freeSockets).some((free) => free?.some((other) => Object.is(other, socket)));
    if (idle) socket.destroy();
    return socket.destroyed;
  }
}
