import { type Duplex, PassThrough } from 'node:stream';
import { OrchError } from '../../core/base/errors.ts';
import { LIMITS } from '../../core/bounds/limits.ts';
import { tail } from '../../core/bounds/tail.ts';
import { ByteSocket } from '../../core/host/byte-socket.ts';
import { startShell } from '../shell/shell.ts';
import type { Exit, Launch, Rights } from '../shell/shell-process.ts';

const ANSWER_MS = 15_000;

/**
 * A script's stdin and stdout as one socket. Bytes written before the script begins wait in its stdin, so that a
 * request need not wait for the shell. At the script's end the socket is destroyed with the error that `explain` makes
 * of exit and stderr, if any.
 *
 * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | CONNECT_SUDO_…
 */
export async function scriptSocket(
  launch: Launch,
  rights: Rights,
  script: string,
  explain: (exit: Exit, stderr: string) => OrchError | undefined,
): Promise<Duplex> {
  const readable = new PassThrough();
  let socket: ByteSocket | undefined;
  let failure: Error | undefined;
  const stderr = tail(LIMITS.socketErrors.bytes);
  let exit: Exit | undefined;
  const fail = (error: Error): void => {
    clearTimeout(silent);
    failure = error;
    socket?.destroy(error);
  };
  const late = (): OrchError =>
    new OrchError('TIMED_OUT', 'the host started no shell in time', {
      hint: 'check the load of the host, and whether its login shell or sudo waits for something there',
      retryable: true,
    });
  let silent: NodeJS.Timeout | undefined;
  // The session may have to wait: the host's time begins once it is open.
  const timed: Launch = async (line, wish) => {
    const process = await launch(line, wish);
    silent = setTimeout(() => fail(late()), ANSWER_MS);
    return process;
  };
  const shell = await startShell(timed, rights, script, {
    begun: () => clearTimeout(silent),
    stdout: (bytes) =>
      readable.write(bytes) ? undefined : new Promise((resolve) => readable.once('drain', () => resolve())),
    stderr: (bytes) => stderr.push(bytes),
    exit: (how) => {
      exit = how;
    },
    close: (error) => {
      clearTimeout(silent);
      const why = error ?? explain(exit ?? { code: null, signal: null }, stderr.text());
      if (why === undefined) readable.end();
      else fail(why);
    },
    lost: fail,
  }).catch((error: unknown) => {
    clearTimeout(silent);
    throw error;
  });
  socket = new ByteSocket({ readable, writable: shell.stdin, abandon: () => shell.abandon() });
  if (failure !== undefined) socket.destroy(failure);
  return socket;
}
