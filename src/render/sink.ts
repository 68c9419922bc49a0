/** A stream that lines go to. A reader who leaves early (`| head`) must not end the run. */
export interface Sink {
  write(text: string): void;
  /** Waits until all is written. @throws what the stream said, unless its reader only left */
  flush(): Promise<void>;
}

export function sinkOf(stream: NodeJS.WritableStream): Sink {
  let broken: Error | undefined;
  // Stays for the life of the stream: a late EPIPE without a listener would end the process.
  stream.on('error', (error: Error) => {
    broken ??= error;
  });
  return {
    write(text) {
      if (broken === undefined) stream.write(text);
    },
    async flush() {
      if (broken === undefined) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
      if (broken !== undefined && !('code' in broken && broken.code === 'EPIPE')) throw broken;
    },
  };
}
