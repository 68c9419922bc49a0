import type { Duplex } from 'node:stream';

/**
 * Combines the writes to a socket within one tick. ssh2 writes each packet in three pieces (length, body, tag). Without
 * Nagle each piece would be a system call and a segment of its own, which halves the throughput of an upload.
 *
 * @example const socket = coalesceWrites(connect({ host, port, noDelay: true }));
 */
export function coalesceWrites<Stream extends Duplex>(stream: Stream): Stream {
  const { write } = stream;
  return Object.assign(stream, {
    write(...parts: Parameters<Duplex['write']>): boolean {
      if (stream.writableCorked === 0) {
        stream.cork();
        setImmediate(() => stream.uncork());
      }
      return write.apply(stream, parts);
    },
  });
}
