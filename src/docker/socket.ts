import type { Duplex } from 'node:stream';
import { ByteSocket } from '../core/byte-socket.ts';

/**
 * A dialled stream in the shape that an HTTP client expects of a socket. It ends with the stream below it, at once and
 * for good: an SSH channel used as it is never closes when its connection goes, and the next request on it would hang.
 */
export class DialledSocket extends ByteSocket {
  constructor(below: Duplex) {
    super({ readable: below, writable: below, abandon: () => below.destroy() });
  }
}
