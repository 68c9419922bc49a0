import { UnreadableReply } from './unreadable-reply.ts';

/** Joins what arrives in pieces, however small they are, up to a limit. */
export class BoundedBytes {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws UnreadableReply when this makes it longer than the limit */
  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#limit) throw new UnreadableReply(`longer than ${this.#limit} bytes`);
    if (length > this.#bytes.length) {
      const wider = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(4096, 2 * length)));
      this.#bytes.copy(wider, 0, 0, this.#length);
      this.#bytes = wider;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** What has arrived; the next piece starts from nothing. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
