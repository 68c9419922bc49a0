import type { Duplex } from 'node:stream';
import type { Connection } from '../core/host/connection.ts';

/**
 * A connection without its Docker client: everything that works by shell and sockets, and a way to the Engine.
 *
 * `dialDocker` opens a new byte stream to the Engine's API socket. When the connection is lost, the stream is destroyed
 * with an OrchError (CONNECTION_LOST, DOCKER_NOT_FOUND, DOCKER_DENIED, DOCKER_UNREACHABLE), which an HTTP client
 * reports as its own error. `release` is called if the host grants few sessions and another one is needed: it destroys
 * an idle stream, and returns whether it did.
 */
export type RawConnection = Omit<Connection, 'docker' | 'under'> & {
  dialDocker(release?: () => boolean): Promise<Duplex>;
  under(token: string): RawConnection;
};
