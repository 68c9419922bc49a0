import { Duplex, type Readable, type Writable } from 'node:stream';

/** The two directions of a byte stream and how to let go of it. */
export interface StreamEnds {
  readonly readable: Readable;
  readonly writable: Writable;
  abandon(): void;
}

/**
 * One socket out of two streams, with what Node's HTTP client expects of a socket. Unlike a bare SSH channel it is
 * destroyed with its reason when the connection under it goes (`destroy(error)`), so that no request on it hangs.
 */
export class ByteSocket extends Duplex {
  readonly #ends: StreamEnds;
  #over = false;

  constructor(ends: StreamEnds) {
    super();
    this.#ends = ends;
    ends.readable.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) ends.readable.pause();
    });
    ends.readable.on('error', (error) => this.destroy(error));
    ends.readable.on('end', () => this.#finished());
    ends.readable.on('close', () => this.#finished());
    // A peer that went shows on the reading side too, and its owner knows better why.
    ends.writable.on('error', () => {});
  }

  /** The peer says no more: what it said before is still to be read, then this is over. */
  #finished(): void {
    if (this.#over || this.destroyed) return;
    this.#over = true;
    this.once('end', () => this.destroy());
    this.push(null);
    this.read(0);
  }

  override _read(): void {
    this.#ends.readable.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#ends.writable.write(chunk, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#ends.writable.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ends.abandon();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
