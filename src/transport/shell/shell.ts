import type { Readable, Writable } from 'node:stream';
import type { OrchError } from '../../core/base/errors.ts';
import { bootFault, tooNoisy } from './boot-errors.ts';
import { answerCutter, bootLine, bootMessage } from './bootstrap.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';
import { launchBySudo } from './sudo-login.ts';

/** What a script that was handed to a shell tells. */
export interface ShellEvents {
  /** The script begins; the process group, unless the host said what cannot be one, that it and all its children belong to. */
  begun?(group: number | undefined): void;
  /** Anything at all came, noise of the login shell included. */
  heard?(): void;
  /** A promise stops the stream until it settles. */
  stdout(bytes: Buffer): void | Promise<void>;
  stderr(bytes: Buffer): void | Promise<void>;
  exit?(exit: Exit): void;
  /** Both streams have ended. With an error when the script never began. */
  close(error?: OrchError): void;
  /** The connection went first, or the shell was given up. */
  lost(error: Error): void;
}

export interface Shell {
  /** What is written here is the script's own stdin. */
  readonly stdin: Writable;
  /** Lets go of it without waiting; kills nothing. */
  abandon(): void;
}

/** Text kept of what came before the script began: it says why a shell refused. */
const EARLY_CHARS = 4000;

/**
 * Hands a script to a fresh shell with these rights. Script and input may travel together: nothing waits for the shell
 * to say that it is there, except where sudo may want a password first.
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
  /** Without the output of the login shell; with too much of that the shell is given up. */
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
  const listen = (stream: Readable, cut: (chunk: Buffer) => Buffer, tell: ShellEvents['stdout']): void => {
    // Each stream by itself, or the pieces of their lines would mingle.
    const at = early.push('') - 1;
    stream.on('data', (chunk: Buffer) => {
      if (!begun) {
        const said = `${early[at]}${chunk}`;
        // What is sent may hold secrets, so it is not shown.
        returned ||= said.includes(message.token);
        early[at] = returned ? '' : said.slice(-EARLY_CHARS);
      }
      events.heard?.();
      const bytes = cutOff(cut, chunk);
      const busy = bytes.length > 0 ? tell(bytes) : undefined;
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

/** A signal to group 0 or 1 would go to other processes than those of the shell: to its own sender, or to all. */
function groupOf(said: string): number | undefined {
  const group = Number(said);
  return Number.isSafeInteger(group) && group > 1 ? group : undefined;
}
