import pLimit from 'p-limit';
import { HttpConnection } from './http-connection.ts';
import type { EngineReply, EngineRequest, SendOptions } from './request.ts';
import type { Dial } from './socket.ts';

// Each socket may be a session on the host, of which sshd allows ten. Enough for all concurrent changes on a host.
const MOST = 6;
const KEPT = 3;

/** Requests with a connection each: a change may take long. */
export class HttpConnections {
  readonly #dial: Dial;
  readonly #limit = pLimit(MOST);
  readonly #free: HttpConnection[] = [];
  readonly #open = new Set<HttpConnection>();

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** `options` is called at the start of the request, so that its time limit does not begin earlier. */
  send(request: EngineRequest, options: () => SendOptions): Promise<EngineReply> {
    return this.#limit(async () => {
      const connection = this.#free.pop() ?? new HttpConnection(this.#dial);
      this.#open.add(connection);
      try {
        return await connection.send(request, options());
      } finally {
        if (this.#free.length < KEPT) this.#free.push(connection);
        else {
          this.#open.delete(connection);
          connection.close();
        }
      }
    });
  }

  close(): void {
    for (const connection of this.#open) connection.close();
  }
}
