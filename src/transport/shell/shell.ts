import type { Readable, Writable } from 'node:stream';
import type { OrchError } from '../../core/base/errors.ts';
import { bootFault, tooNoisy } from './boot-errors.ts';
import { answerCutter, bootLine, bootMessage } from './bootstrap.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';
import { launchBySudo } from './sudo-login.ts';

/** Events of a script in a shell. */
export interface ShellEvents {
  /** The script begins; the process group of it and its children, unless the host printed an impossible one. */
  begun?(group: number | undefined): void;
  /** Any output arrived, also from the login shell. */
  heard?(): void;
  /** A returned promise stops the stream until it settles. */
  stdout(bytes: Buffer): void | Promise<void>;
  stderr(bytes: Buffer): void | Promise<void>;
  exit?(exit: Exit): void;
  /** Both streams have ended. With an error if the script never began. */
  close(error?: OrchError): void;
  /** The connection was lost, or the shell was abandoned. */
  lost(error: Error): void;
}

export interface Shell {
  /** The script's own stdin. */
  readonly stdin: Writable;
  /** Releases it without waiting; kills nothing. */
  abandon(): void;
}

/** Kept characters of the output before the script: they show why a shell refused. */
const EARLY_CHARS = 4000;

/**
 * Starts a script in a new shell with these rights. Script and input may travel together, without waiting for the
 * shell, unless sudo may ask for a password first.
 *
 * @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED | CONNECT_SUDO_…
 * @example const shell = await startShell(launch, { become: 'sudo' }, 'cat', events); shell.stdin.end('to be echoed')
 */
export async function startShell(launch: Launch, rights: Rights, script: string, events: ShellEvents): Promise<Shell> {
  const { become, password } = rights;
  const message = bootMessage(script);
  const process =
    become === 'sudo' && password !== undefined
      ? await launchBySudo(launch, rights, password)
      : await launch(bootLine(become));
  let begun = false;
  const early: string[] = [];
  let returned = false;
  let exit: Exit | undefined;
  let refused = false;
  /** Removes output of the login shell; too much of it ends the shell. */
  const cutOff = (cut: (chunk: Buffer) => Buffer, chunk: Buffer): Buffer => {
    if (refused) return Buffer.alloc(0);
    try {
      return cut(chunk);
    } catch (error) {
      refused = true;
      process.abandon();
      events.lost(tooNoisy(error));
      return Buffer.alloc(0);
    }
  };
  const listen = (stream: Readable, cut: (chunk: Buffer) => Buffer, onBytes: ShellEvents['stdout']): void => {
    // Each stream separately, so that their lines do not mix.
    const at = early.push('') - 1;
    stream.on('data', (chunk: Buffer) => {
      if (!begun) {
        const said = `${early[at]}${chunk}`;
        // The sent bytes may contain secrets, so they are not printed.
        returned ||= said.includes(message.token);
        early[at] = returned ? '' : said.slice(-EARLY_CHARS);
      }
      events.heard?.();
      const bytes = cutOff(cut, chunk);
      const busy = bytes.length > 0 ? onBytes(bytes) : undefined;
      if (busy === undefined) return;
      stream.pause();
      busy.catch(() => {}).finally(() => stream.resume());
    });
  };
  const onBegun = (group: string): void => {
    begun = true;
    events.begun?.(groupOf(group));
  };
  listen(process.stdout, answerCutter(message.token, onBegun), (bytes) => events.stdout(bytes));
  listen(
    process.stderr,
    answerCutter(message.token, () => {}),
    (bytes) => events.stderr(bytes),
  );
  process.watch({
    exit: (how) => {
      exit = how;
      events.exit?.(how);
    },
    close: () => {
      if (refused) return;
      events.close(
        begun ? undefined : bootFault(become, exit ?? { code: null, signal: null }, early.filter(Boolean).join('\n')),
      );
    },
    lost: (error) => {
      if (!refused) events.lost(error);
    },
  });
  process.stdin.write(message.bytes);
  return { stdin: process.stdin, abandon: () => process.abandon() };
}

/** Group 0 or 1 would signal other processes: the sender's own, or all. */
function groupOf(said: string): number | undefined {
  const group = Number(said);
  return Number.isSafeInteger(group) && group > 1 ? group : undefined;
}
