import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** Where somebody can be asked. */
export interface PromptTerminal {
  write(text: string): void;
  /** Calls back with what is typed, unseen and key by key, and once when the terminal is gone. */
  read(typed: (chunk: Buffer) => void, gone: () => void): void;
  /** Gives the terminal back as it was. Safe to repeat. */
  close(): void;
}

/**
 * The terminal that this process was started from, wherever its input and output go; `undefined`: there is none. Written to
 * past the process's own streams, which may be painted on.
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

/** A terminal whose window was closed fails whatever is done with it: that ends the question, not the process. */
function ifThere(use: () => unknown): void {
  try {
    use();
  } catch {
    // Nobody is there to see it.
  }
}

/** Where terminals have no name, as on Windows. */
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
