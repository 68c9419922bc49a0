import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** A terminal for questions. */
export interface PromptTerminal {
  write(text: string): void;
  /** Calls back with typed characters, without echo, and once when the terminal closes. */
  read(typed: (chunk: Buffer) => void, gone: () => void): void;
  /** Restores the terminal. Safe to repeat. */
  close(): void;
}

/**
 * The controlling terminal of this process, wherever its input and output go; `undefined`: none. Bypasses the process's
 * own streams, which may have a live view.
 */
export function openTerminal(): PromptTerminal | undefined {
  let out: number;
  let input: ReadStream;
  try {
    out = openSync('/dev/tty', 'w');
  } catch {
    return process.stdin.isTTY && process.stderr.isTTY ? ownStreams() : undefined;
  }
  try {
    input = new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    closeSync(out);
    return undefined;
  }
  return {
    write: (text) => ifThere(() => writeSync(out, text)),
    read(typed, gone) {
      input
        .on('data', typed)
        .once('error', gone)
        .on('error', () => {})
        .once('end', gone);
      ifThere(() => input.setRawMode(true));
    },
    close() {
      if (input.destroyed) return;
      ifThere(() => input.setRawMode(false));
      input.destroy();
      closeSync(out);
    },
  };
}

/** Any operation fails on a terminal whose window was closed: that ends the question, not the process. */
function ifThere(use: () => unknown): void {
  try {
    use();
  } catch {
    // No terminal to print to.
  }
}

/** For systems without names of terminals, such as Windows. */
function ownStreams(): PromptTerminal {
  const { stdin } = process;
  let stop = (): void => {};
  return {
    write: (text) => ifThere(() => writeSync(2, text)),
    read(typed, gone) {
      stop = () => void stdin.off('data', typed).off('error', gone).off('end', gone);
      ifThere(() => stdin.setRawMode(true));
      stdin.on('data', typed).on('error', gone).on('end', gone).resume();
    },
    close() {
      ifThere(() => stdin.setRawMode(false));
      stop();
      stdin.pause();
    },
  };
}
