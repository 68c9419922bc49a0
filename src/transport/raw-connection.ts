import type { Duplex } from 'node:stream';
import type { Connection } from '../core/host/connection.ts';

/**
 * A connection before Docker is laid over it: everything a host can do by shell and sockets, and a way to its engine.
 *
 * `dialDocker` gives a fresh byte stream to the engine's API socket. It dies with the connection: the stream is
 * destroyed with an OrchError (CONNECTION_LOST, DOCKER_NOT_FOUND, DOCKER_DENIED, DOCKER_UNREACHABLE), which an HTTP
 * client on top passes on as its own error. `release` is asked where the host grants few sessions and another one is
 * wanted: it destroys the stream when nothing is under way on it, and tells whether it did.
 */
export type RawConnection = Omit<Connection, 'docker' | 'under'> & {
  dialDocker(release?: () => boolean): Promise<Duplex>;
  under(token: string): RawConnection;
};
