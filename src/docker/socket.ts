import type { Duplex } from 'node:stream';
import { ByteSocket } from '../core/host/byte-socket.ts';
import { UnreadableReply } from './unreadable-reply.ts';

/**
 * Opens a stream to an Engine. `release` is called when the host's session is needed for something else: it destroys the
 * stream when no request is under way on it, and returns whether the stream is gone.
 */
export type Dial = (release?: () => boolean) => Promise<Duplex>;

/** Most bytes that may arrive before the HTTP client finds a part of an answer in them: a status line may never end. */
const UNREAD_LIMIT = 1024 * 1024;

/**
 * A dialled stream in the shape that an HTTP client expects of a socket. It ends with the stream below it, at once and
 * for good: an SSH channel used as it is never closes when its connection goes, and the next request on it would hang.
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

  /** The HTTP client found a part of an answer. */
  wasRead(): void {
    this.#unread = 0;
  }
}
