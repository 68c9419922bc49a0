import type { Duplex } from 'node:stream';
import { ByteSocket } from '../core/host/byte-socket.ts';
import { UnreadableReply } from './unreadable-reply.ts';

/**
 * Opens a stream to an Engine. `release` is called when another command needs the host's session: it destroys an idle
 * stream, and returns whether the stream is gone.
 */
export type Dial = (release?: () => boolean) => Promise<Duplex>;

/** Most bytes before the HTTP client recognizes a part of a reply: a status line may never end. */
const UNREAD_LIMIT = 1024 * 1024;

/**
 * A stream in the form that an HTTP client expects of a socket. It ends at once when the stream below ends. An SSH
 * channel used directly never closes when its connection is lost, and the next request on it would hang.
 */
export class DialledSocket extends ByteSocket {
  #unread = 0;

  constructor(below: Duplex) {
    super({ readable: below, writable: below, abandon: () => below.destroy() });
  }

  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    this.#unread += chunk?.length ?? 0;
    if (this.#unread <= UNREAD_LIMIT) return super.push(chunk, encoding);
    this.destroy(new UnreadableReply(`${UNREAD_LIMIT} bytes without a response`));
    return false;
  }

  /** The HTTP client recognized a part of a reply. */
  wasRead(): void {
    this.#unread = 0;
  }
}
