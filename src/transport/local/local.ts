import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { OrchError } from '../../core/base/errors.ts';
import type { RawConnection } from '../raw-connection.ts';
import { rawHost } from '../raw-host.ts';
import type { Become } from '../shell/shell-process.ts';
import { DialError, type DialRefusal } from '../sockets/dialer.ts';
import { launchLocal } from './local-process.ts';

/**
 * The controller as a host: the same scripts as over SSH, in child processes.
 *
 * @example const here = await connectLocal('controller', { become: 'none' })
 */
export async function connectLocal(name: string, options: { readonly become: Become }): Promise<RawConnection> {
  let closed = false;
  const isRoot = process.getuid?.() === 0;
  return rawHost({
    name,
    rights: { become: isRoot ? 'none' : options.become },
    launch: async (line) => {
      if (closed) throw new OrchError('CONNECTION_LOST', 'the connection has been closed');
      return launchLocal(line);
    },
    dialer: {
      tcp: (address, port) => dial({ host: address, port }),
      unix: (path) => dial({ path }),
    },
    close: async () => {
      closed = true;
    },
  });
}

const REFUSALS: Readonly<Record<string, DialRefusal>> = { ENOENT: 'missing', EACCES: 'denied', EPERM: 'denied' };

const dial = (target: { readonly path: string } | { readonly host: string; readonly port: number }): Promise<Duplex> =>
  new Promise<Duplex>((resolve, reject) => {
    const socket = connect(target);
    socket.setNoDelay(true);
    const refused = (error: NodeJS.ErrnoException): void =>
      reject(new DialError(REFUSALS[error.code ?? ''] ?? 'refused', error.message));
    socket.once('error', refused);
    socket.once('connect', () => {
      socket.off('error', refused);
      resolve(socket);
    });
  });
