import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { OrchError } from '../../../core/base/errors.ts';
import { ByteSocket } from '../../../core/host/byte-socket.ts';
import type { Launch, ShellProcess } from '../../shell/shell-process.ts';
import { DialError, type Dialer } from '../../sockets/dialer.ts';
import { channelProcess } from './process.ts';
import { sessionGate } from './session-gate.ts';
import { closeUnstarted } from './unstarted-sessions.ts';

/** Reasons of SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 §5.1; sshd reports "connect failed" for MaxSessions too. */
const PROHIBITED = 1;
const BUSY: readonly number[] = [2, 4];
const CLOSE_WAIT_MS = 2000;

/** What one established SSH connection offers. All of it ends with CONNECTION_LOST when the connection is lost. */
export interface SshLink {
  readonly launch: Launch;
  readonly dialer: Dialer;
  lost(): boolean;
  close(): Promise<void>;
}

/** `sock` is the client's stream: a client with a blocked stream cannot destroy it itself. */
export function sshLink(client: Client, sock: Duplex): SshLink {
  const gate = sessionGate();
  const closeListeners = new Set<(error: OrchError) => void>();
  let gone: OrchError | undefined;
  let cause: Error | undefined;
  let closing = false;
  // Stays forever: an error event without a listener would end this process.
  client.on('error', (error) => {
    cause ??= error;
  });
  client.once('close', () => {
    const why = closing ? 'it was closed' : (cause?.message ?? 'the host closed it');
    gone = new OrchError('CONNECTION_LOST', `the SSH connection closed: ${why}`, {
      hint: 'the result of the last command is unknown; run the same command to resume',
      retryable: !closing,
      cause,
    });
    for (const onClose of closeListeners) onClose(gone);
    closeListeners.clear();
    gate.end();
  });

  /**
   * Opens a channel; rejects if the connection is lost meanwhile. Calls `made` at once, because events of the channel
   * may come before a promise settles.
   */
  const open = <T>(
    ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
    made: (channel: ClientChannel) => T,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      closeListeners.add(reject);
      try {
        ask((error, channel) => {
          closeListeners.delete(reject);
          if (error !== undefined && error !== null) reject(error);
          else resolve(made(channel));
        });
      } catch (error) {
        closeListeners.delete(reject);
        reject(
          new OrchError('CONNECTION_LOST', 'the SSH connection is closed', {
            hint: 'nothing more was sent on it; run the same command to resume',
            retryable: true,
            cause: error,
          }),
        );
      }
    });

  const session = async (line: string, leave: () => void): Promise<ShellProcess | 'full'> => {
    try {
      return await open(
        (done) => client.exec(line, done),
        (channel) => {
          const process = channelProcess(channel, () => gone, closeListeners);
          channel.once('close', leave);
          const abandon = (): void => {
            // An abandoned process may hold its session for any time: no caller must wait for it.
            leave();
            process.abandon();
          };
          return { ...process, abandon };
        },
      );
    } catch (error) {
      if (error instanceof OrchError) throw error;
      const reason = refusalReason(error);
      if (reason === undefined) {
        closeUnstarted(client);
        throw nothingStarted(error);
      }
      if (BUSY.includes(reason)) return 'full';
      throw channelRefused(error);
    }
  };
  const launch: Launch = async (line, wish) => {
    const process = await gate.run((leave) => session(line, leave), wish);
    if (process === 'full') throw channelRefused(undefined);
    return process;
  };

  const dial = async (
    ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  ): Promise<ByteSocket> => {
    try {
      return await open(ask, (channel) => {
        const socket = new ByteSocket({ readable: channel, writable: channel, abandon: () => channel.close() });
        const onClose = (error: OrchError): void => void socket.destroy(error);
        closeListeners.add(onClose);
        socket.once('close', () => closeListeners.delete(onClose));
        return socket;
      });
    } catch (error) {
      if (error instanceof OrchError) throw error;
      throw new DialError(
        refusalReason(error) === PROHIBITED ? 'prohibited' : 'refused',
        error instanceof Error ? error.message : String(error),
      );
    }
  };

  return {
    launch,
    dialer: {
      tcp: (address, port) => dial((done) => client.forwardOut('127.0.0.1', 0, address, port, done)),
      unix: (path) => dial((done) => client.openssh_forwardOutStreamLocal(path, done)),
    },
    lost: () => gone !== undefined,
    async close() {
      closing = true;
      if (gone !== undefined) return;
      const closed = new Promise<void>((resolve) => closeListeners.add(() => resolve()));
      client.end();
      const late = setTimeout(() => sock.destroy(), CLOSE_WAIT_MS);
      await closed;
      clearTimeout(late);
    },
  };
}

function refusalReason(error: unknown): number | undefined {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'number' ? error.reason : undefined;
}

const channelRefused = (error: unknown): OrchError =>
  new OrchError(
    'CHANNEL_REFUSED',
    `sshd opens no further session: ${error instanceof Error ? error.message : 'too many are open'}`,
    {
      hint: 'raise MaxSessions in its sshd_config (10 or more), or find what else uses this connection',
      retryable: true,
      cause: error,
    },
  );

/** sshd opened the session, but could not start anything in it. */
const nothingStarted = (cause: unknown): OrchError =>
  new OrchError(
    'CHANNEL_REFUSED',
    `sshd starts no command: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      hint: 'check the process limit of the user (ulimit -u) and the memory on the host, and whether its sshd runs commands; read its log',
      retryable: true,
      cause,
    },
  );
