import { formatDuration } from '../base/duration.ts';
import { OrchError } from '../base/errors.ts';
import { formatSize, type StreamLimit } from './limits.ts';

const NEWLINE = 0x0a;
const SMALLEST = 4096;

/**
 * Joins the pieces of a host's stream, up to a limit of bytes, lines, line length and time. Takes time and memory in
 * proportion to the input, however small the pieces are.
 *
 * @example const reply = new Collector(LIMITS.haproxyReply); socket.on('data', (piece) => reply.add(piece));
 */
export class Collector {
  readonly #limit: StreamLimit;
  #bytes = Buffer.alloc(0);
  #length = 0;
  #total = 0;
  #lines = 0;
  #lineBytes = 0;
  #since: number | undefined;

  constructor(limit: StreamLimit) {
    this.#limit = limit;
  }

  /** Number of bytes kept. */
  get length(): number {
    return this.#length;
  }

  /** @throws OrchError REPLY_TOO_LARGE when the stream exceeds its limit */
  add(piece: Buffer): void {
    this.count(piece);
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const wider = Buffer.allocUnsafe(Math.min(this.#limit.bytes, Math.max(SMALLEST, 2 * length)));
      this.#bytes.copy(wider, 0, 0, this.#length);
      this.#bytes = wider;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  /** Counts a piece that the caller uses at once and that is not kept. @throws OrchError REPLY_TOO_LARGE */
  count(piece: Buffer): void {
    const { bytes, lines, lineBytes, ms } = this.#limit;
    this.#total += piece.length;
    if (this.#total > bytes) throw this.#over(`longer than ${formatSize(bytes)}`);
    if (ms !== undefined) {
      const now = performance.now();
      this.#since ??= now;
      if (now - this.#since > ms) throw this.#over(`not complete after ${formatDuration(ms)}`);
    }
    if (lines === undefined && lineBytes === undefined) return;
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      this.#line(end - from);
      this.#lineBytes = 0;
      if (++this.#lines > (lines ?? Number.POSITIVE_INFINITY)) throw this.#over(`longer than ${lines} lines`);
      from = end + 1;
    }
    this.#line(piece.length - from);
  }

  /** The bytes kept so far. They share memory with the collector; a later `add` only appends. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Returns the kept bytes and forgets them. The limits of the whole stream stay in force. */
  take(): Buffer {
    const taken = this.bytes();
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #line(more: number): void {
    const { lineBytes } = this.#limit;
    this.#lineBytes += more;
    if (lineBytes !== undefined && this.#lineBytes > lineBytes)
      throw this.#over(`not readable: a line of it is longer than ${formatSize(lineBytes)}`);
  }

  #over(how: string): OrchError {
    return new OrchError('REPLY_TOO_LARGE', `${this.#limit.what} is ${how}`, { hint: TOO_LARGE_HINT });
  }
}

/** Hint for a reply that is too large. */
export const TOO_LARGE_HINT =
  'find what prints so much there (a login script, a proxy, a wrong socket); docs/security.md lists the limits';

/** Whether a stream exceeded its limit. */
export const isTooLarge = (error: unknown): error is OrchError =>
  error instanceof OrchError && error.code === 'REPLY_TOO_LARGE';
