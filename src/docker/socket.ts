import { Duplex } from 'node:stream';

/**
 * A dialled stream in the shape that an HTTP client expects of a socket. It ends with the stream below it, at once and
 * for good: an SSH channel used as it is never closes when its connection goes, and the next request on it would hang.
 */
export class DialledSocket extends Duplex {
  readonly #below: Duplex;

  /** `peek` is shown the first bytes that arrive. */
  constructor(below: Duplex, peek: (bytes: Uint8Array) => void = () => {}) {
    super({ allowHalfOpen: true });
    this.#below = below;
    below.once('data', peek);
    below.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) below.pause();
    });
    below.on('end', () => this.push(null));
    below.on('error', (error) => this.destroy(error));
    below.on('close', () => {
      // After an orderly end what has arrived is still to be read.
      if (below.readableEnded && !this.readableEnded) this.once('end', () => this.destroy());
      else this.destroy();
    });
    // Nothing flows before the client reads: the first read resumes.
    below.pause();
  }

  override _read(): void {
    this.#below.resume();
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#below.write(chunk, encoding, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#below.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#below.destroy();
    done(error);
  }

  // What node:http calls on every socket. A dialled stream has none of these.
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
