import pLimit from 'p-limit';
import { HttpConnection } from './http-connection.ts';
import type { EngineReply, EngineRequest, SendOptions } from './request.ts';
import type { Dial } from './socket.ts';

// Each socket may be a session of its own on the host, where sshd allows ten: enough for all changes that a host is asked
// for at once, and no more kept than single changes need.
const MOST = 6;
const KEPT = 3;

/** Requests that each have a connection to themselves: a change may take its time. */
export class HttpConnections {
  readonly #dial: Dial;
  readonly #limit = pLimit(MOST);
  readonly #free: HttpConnection[] = [];
  readonly #open = new Set<HttpConnection>();

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** `options` are made when its turn comes, so that its time does not run before. */
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
