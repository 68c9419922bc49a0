import type { Line } from '../lines/line.ts';

/** A terminal with a live area at its bottom and lines that scroll above it. */
export interface Screen {
  /** Redraws the live area. */
  paint(): void;
  /** Prints lines above the live area, permanently. */
  print(lines: readonly Line[]): void;
  /** Removes the live area and leaves the cursor at the start of an empty row, until `show`. */
  hide(): void;
  /** Call it with the cursor at the start of an empty row. */
  show(): void;
  /** Removes the live area and restores the terminal, at once. */
  abandon(): void;
  close(): Promise<void>;
}

export interface ScreenOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly draw: () => readonly string[];
  /** Output of other code: it would damage the live area, so it is passed here to be printed. */
  readonly stray: (line: Line) => void;
}

/**
 * Opens a screen on listr2's default renderer, of which only the drawing is used. One task represents the whole run,
 * with api7-orch's own frame, so that cost and height do not grow with the number of hosts. Its signals, retries and
 * timers stay off.
 */
export async function openScreen({ stdout, stderr, draw, stray }: ScreenOptions): Promise<Screen> {
  const { DefaultRenderer, Listr, ListrLogger, ProcessOutput } = await import('listr2');
  const output = new ProcessOutput(stdout, stderr);
  const begun = Promise.withResolvers<InstanceType<typeof DefaultRenderer>>();
  const ended = Promise.withResolvers<void>();
  let cleared = false;

  class FrameRenderer extends DefaultRenderer {
    // The stream itself has been checked for a terminal; listr2 would check the process's own.
    static override readonly nonTTY = true;

    override async render(): Promise<void> {
      await super.render();
      // listr2 would keep other output until the end, and restore its own write function then.
      stdout.write = handOver('out', stray);
      stderr.write = handOver('err', stray);
      begun.resolve(this);
    }

    override create(): string {
      return cleared ? '' : draw().join('\n');
    }
  }

  const run = new Listr([{ task: () => ended.promise }], {
    renderer: FrameRenderer,
    rendererOptions: { lazy: true, clearOutput: true, logger: new ListrLogger({ processOutput: output }) },
    registerSignalListeners: false,
    exitOnError: false,
  }).run();
  const failed = run.then(() => Promise.reject(new Error('the terminal cannot be painted on')));
  const renderer = await Promise.race([begun.promise, failed]);

  return {
    paint: () => renderer.update(),
    print(lines) {
      // An empty frame is one empty line with the cursor below it: move up, overwrite it, leave another one behind.
      cleared = true;
      renderer.update();
      output.toStdout('\u001b[1A', false);
      for (const { to, text } of lines) to === 'err' ? output.toStderr(text) : output.toStdout(text);
      output.toStdout('');
      cleared = false;
    },
    hide() {
      cleared = true;
      renderer.update();
      output.toStdout('\u001b[1A\u001b[?25h', false);
    },
    show() {
      output.toStdout('\u001b[?25l', false);
      output.toStdout('');
      cleared = false;
    },
    abandon: () => renderer.end(),
    async close() {
      ended.resolve();
      await run;
    },
  };
}

/** A stream's `write` that passes whole lines on. */
function handOver(to: Line['to'], stray: (line: Line) => void) {
  let rest = '';
  return (chunk: string | Uint8Array, ...more: readonly unknown[]): boolean => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) stray({ to, text });
    const done = more.at(-1);
    if (typeof done === 'function') done();
    return true;
  };
}
