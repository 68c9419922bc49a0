import { formatDuration } from '../core/duration.ts';
import { OrchError } from '../core/errors.ts';
import { bootFault } from './boot-faults.ts';
import { answerCutter, bootLine, bootMessage } from './bootstrap.ts';
import { feed, type Source } from './feed.ts';
import { killGroup } from './kill-group.ts';
import type { Become, Exit, Launch } from './shell-process.ts';

export interface ShellRequest {
  /** Goes by stdin, so it may hold secrets. */
  readonly script: string;
  readonly stdin?: Source;
  readonly onStdinProgress?: (bytes: number) => void;
  /** Limit for the whole script. */
  readonly timeoutMs?: number;
  /** Limit for silence: no output, and no input taken. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  /** The script has been handed over. */
  readonly onSent?: () => void;
  readonly onStdout: (bytes: Buffer) => void;
  readonly onStderr: (bytes: Buffer) => void;
}

/** How long a group that was told to end may take before it is killed, and a killed one before it is given up. */
const GRACE_MS = 3000;
/** Silence after the exit status that tells: only a child left in the background still holds the streams. */
const LINGER_MS = 1500;

/**
 * Runs a script on a channel of its own, with the rights that `become` gives. Time limits and `signal` end it by its
 * process group: closing a channel kills nothing on the host.
 *
 * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | TIMED_OUT | INTERRUPTED | CONNECT_SUDO_PASSWORD | CONNECT_SHELL_REFUSED
 */
export async function runShell(launch: Launch, become: Become, request: ShellRequest): Promise<Exit> {
  if (request.signal?.aborted) throw interrupted();
  const message = bootMessage(request.script);
  const process = await launch(bootLine(become));
  const over = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const after = (ms: number, act: () => void): NodeJS.Timeout => {
    const timer = setTimeout(act, ms);
    timers.push(timer);
    return timer;
  };

  return await new Promise<Exit>((resolve, reject) => {
    let group: number | undefined;
    let exit: Exit | undefined;
    let linger: NodeJS.Timeout | undefined;
    let stopped: OrchError | undefined;
    let early = '';

    const finish = (settle: () => void): void => {
      if (over.signal.aborted) return;
      over.abort();
      for (const timer of timers) clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
      process.abandon();
      settle();
    };
    const end = (): void =>
      finish(() => {
        if (stopped !== undefined) reject(stopped);
        else if (exit === undefined) reject(lostChannel());
        else if (group === undefined) reject(bootFault(become, exit, early));
        else resolve(exit);
      });
    const stop = (error: OrchError): void => {
      if (stopped !== undefined || over.signal.aborted) return;
      stopped = error;
      const target = group;
      if (target === undefined) {
        end();
        return;
      }
      const kill = (name: 'TERM' | 'KILL'): void => void killGroup(launch, become, target, name).catch(() => {});
      kill('TERM');
      after(GRACE_MS, () => kill('KILL'));
      after(2 * GRACE_MS, end);
    };
    const onAbort = (): void => stop(interrupted());
    request.signal?.addEventListener('abort', onAbort, { once: true });

    const { timeoutMs, idleMs } = request;
    if (timeoutMs !== undefined)
      after(timeoutMs, () => stop(timedOut(`did not end within ${formatDuration(timeoutMs)}`)));
    const idle =
      idleMs === undefined
        ? undefined
        : after(idleMs, () => stop(timedOut(`was silent for ${formatDuration(idleMs)}`)));
    const cut = answerCutter(message.token, (found) => {
      group = Number(found);
    });
    const cutNoise = answerCutter(message.token, () => {});
    const heard = (chunk: Buffer): void => {
      idle?.refresh();
      linger?.refresh();
      if (group === undefined) early = (early + chunk.toString()).slice(-4000);
    };
    process.stdout.on('data', (chunk: Buffer) => {
      heard(chunk);
      const bytes = cut(chunk);
      if (bytes.length > 0 && !over.signal.aborted) request.onStdout(bytes);
    });
    process.stderr.on('data', (chunk: Buffer) => {
      heard(chunk);
      const bytes = cutNoise(chunk);
      if (bytes.length > 0 && !over.signal.aborted) request.onStderr(bytes);
    });
    process.watch({
      exit: (known) => {
        exit = known;
        linger = after(LINGER_MS, end);
      },
      close: end,
      lost: (error) => finish(() => reject(error)),
    });
    process.stdin.write(message.bytes);
    request.onSent?.();
    const progress = (bytes: number): void => {
      idle?.refresh();
      request.onStdinProgress?.(bytes);
    };
    feed(process.stdin, request.stdin ?? [], over.signal, progress).catch((error: unknown) => stop(unreadable(error)));
  });
}

const interrupted = (): OrchError =>
  new OrchError('INTERRUPTED', 'the command was interrupted and its process group killed');

const timedOut = (how: string): OrchError =>
  new OrchError('TIMED_OUT', `the command ${how}; its process group was killed`, {
    hint: 'raise its time limit if it needs longer',
  });

const lostChannel = (): OrchError =>
  new OrchError('CONNECTION_LOST', 'the connection closed before the command ended', { retryable: true });

const unreadable = (error: unknown): OrchError =>
  error instanceof OrchError
    ? error
    : new OrchError('LOCAL_FILE_UNREADABLE', `what was to be sent could not be read: ${String(error)}`, {
        cause: error,
      });
