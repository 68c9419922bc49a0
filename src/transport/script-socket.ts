import { type Duplex, PassThrough } from 'node:stream';
import { OrchError } from '../core/errors.ts';
import { bootFault } from './boot-faults.ts';
import { answerCutter, bootLine, bootMessage } from './bootstrap.ts';
import { ByteSocket } from './byte-socket.ts';
import type { Become, Exit, Launch } from './shell-process.ts';

const ANSWER_MS = 15_000;

/**
 * A script's stdin and stdout as one socket, once the script runs. When it ends, the socket is destroyed with what
 * `explain` makes of its exit and its stderr, or without an error where that gives none.
 */
export async function scriptSocket(
  launch: Launch,
  become: Become,
  script: string,
  explain: (exit: Exit, stderr: string) => OrchError | undefined,
): Promise<Duplex> {
  const message = bootMessage(script);
  const process = await launch(bootLine(become));
  return await new Promise<Duplex>((resolve, reject) => {
    const readable = new PassThrough();
    const socket = new ByteSocket({ readable, writable: process.stdin, abandon: () => process.abandon() });
    let answered = false;
    let stderr = '';
    let exit: Exit | undefined;
    const timer = setTimeout(() => fail(new OrchError('TIMED_OUT', 'the host started no shell in time')), ANSWER_MS);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.on('error', () => {});
      socket.destroy(error);
      reject(error);
    };
    const cut = answerCutter(message.token, () => {
      clearTimeout(timer);
      answered = true;
      resolve(socket);
    });
    const ended = (): void => {
      const known = exit ?? { code: null, signal: null };
      const error = answered ? explain(known, stderr) : bootFault(become, known, stderr);
      if (!answered && error !== undefined) fail(error);
      else if (error === undefined) readable.end();
      else socket.destroy(error);
    };
    process.stdout.on('data', (chunk: Buffer) => {
      const bytes = cut(chunk);
      if (bytes.length > 0 && !readable.write(bytes)) {
        process.stdout.pause();
        readable.once('drain', () => process.stdout.resume());
      }
    });
    process.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString().replace(`${message.token}\n`, '')).slice(-4000);
    });
    process.watch({
      exit: (how) => {
        exit = how;
      },
      close: ended,
      lost: (error) => (answered ? socket.destroy(error) : fail(error)),
    });
    process.stdin.write(message.bytes);
  });
}
