import type { Duplex } from 'node:stream';

/**
 * Why no socket was opened. `prohibited`: sshd allows no forwarding, so another way may work; `refused`: nothing
 * listens there; `denied`: the login user may not connect; `missing`: the socket does not exist.
 */
export type DialRefusal = 'prohibited' | 'refused' | 'denied' | 'missing';

export class DialError extends Error {
  override readonly name = 'DialError';
  readonly refusal: DialRefusal;

  constructor(refusal: DialRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** Direct sockets on the host, with the login user's rights. @throws DialError | OrchError CONNECTION_LOST */
export interface Dialer {
  tcp(address: string, port: number): Promise<Duplex>;
  unix(path: string): Promise<Duplex>;
}
