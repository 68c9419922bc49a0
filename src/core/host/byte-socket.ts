import { Duplex, type Readable, type Writable } from 'node:stream';

/** The two directions of a byte stream, and the function that releases it. */
export interface StreamEnds {
  readonly readable: Readable;
  readonly writable: Writable;
  abandon(): void;
}

/**
 * One socket made of two streams, with the methods that Node's HTTP client expects. Unlike a plain SSH channel it is
 * destroyed with the reason when its connection is lost (`destroy(error)`), so that no request hangs.
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
    // A lost peer shows on the reading side too, with a better reason from its owner.
    ends.writable.on('error', () => {});
  }

  /** The peer has ended its side: earlier data is still delivered, then the socket ends. */
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
