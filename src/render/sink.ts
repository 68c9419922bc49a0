/**
 * An output stream for lines. A reader who leaves early (`| head`, a closed window) must not end the run. All writes of
 * one tick go out together, in order over all sinks: one system call per line is slow for many hosts.
 */
export interface Sink {
  write(text: string): void;
  /** Settles when the stream accepts more; undefined if it does now. For writers that can wait. */
  ready(): Promise<void> | undefined;
  /** Waits until everything is written. @throws the stream's error, unless its reader only left */
  flush(): Promise<void>;
}

/** Events that end the wait for a stream: it accepts more, or is closed. */
const DRAINED = ['drain', 'error', 'close'] as const;

type Send = (text: string) => void;

let waiting: { readonly send: Send; text: string }[] = [];

function sendAll(): void {
  const all = waiting;
  waiting = [];
  for (const { send, text } of all) send(text);
}

// Flushes buffered lines if the process exits before the next tick.
process.once('exit', sendAll);

/** The pipe's reader left, or the terminal's window was closed. */
const isReaderGone = (error: Error): boolean => 'code' in error && (error.code === 'EPIPE' || error.code === 'EIO');

export function sinkOf(stream: NodeJS.WritableStream): Sink {
  let broken: Error | undefined;
  // Stays for the life of the stream: a late EPIPE without a listener would end the process.
  stream.on('error', (error: Error) => {
    broken ??= error;
  });
  const send: Send = (text) => {
    if (broken === undefined) stream.write(text);
  };
  let draining: Promise<void> | undefined;
  return {
    ready() {
      if (broken !== undefined || !('writableNeedDrain' in stream && stream.writableNeedDrain === true))
        return undefined;
      draining ??= new Promise<void>((resolve) => {
        const done = (): void => {
          for (const event of DRAINED) stream.off(event, done);
          draining = undefined;
          resolve();
        };
        for (const event of DRAINED) stream.once(event, done);
      });
      return draining;
    },
    write(text) {
      if (waiting.length === 0) setImmediate(sendAll);
      const last = waiting.at(-1);
      if (last?.send === send) last.text += text;
      else waiting.push({ send, text });
    },
    async flush() {
      sendAll();
      if (broken === undefined) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
      if (broken !== undefined && !isReaderGone(broken)) throw broken;
    },
  };
}
