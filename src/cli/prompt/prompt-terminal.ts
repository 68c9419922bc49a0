import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** Where somebody can be asked. */
export interface PromptTerminal {
  write(text: string): void;
  /** Calls back with what is typed, unseen and key by key. */
  read(typed: (chunk: Buffer) => void): void;
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
    write: (text) => void writeSync(out, text),
    read(typed) {
      input.setRawMode(true);
      input.on('data', typed).on('error', () => {});
    },
    close() {
      input.setRawMode(false);
      input.destroy();
      closeSync(out);
    },
  };
}

/** Where terminals have no name, as on Windows. */
function ownStreams(): PromptTerminal {
  const { stdin } = process;
  let listener: ((chunk: Buffer) => void) | undefined;
  return {
    write: (text) => void writeSync(2, text),
    read(typed) {
      listener = typed;
      stdin.setRawMode(true);
      stdin.on('data', typed).resume();
    },
    close() {
      stdin.setRawMode(false);
      if (listener !== undefined) stdin.off('data', listener);
      stdin.pause();
    },
  };
}
