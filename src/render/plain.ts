import { safeData } from '../core/base/safe-text.ts';
import { fold } from './fold.ts';
import { eventLines } from './lines/event-lines.ts';
import { joined } from './lines/line.ts';
import { noPaint, paintFor } from './lines/paint.ts';
import { recap } from './lines/recap.ts';
import type { Detail, Renderer } from './renderer.ts';
import { EMPTY_VIEW } from './run-view.ts';
import { sinkOf } from './sink.ts';

export interface PlainOptions extends Detail {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Default: depends on the stream. */
  readonly colors?: boolean;
}

/** One line per relevant event with its host: for logs, pipes and CI. */
export function plainRenderer({ stdout, stderr, colors = true, ...detail }: PlainOptions): Renderer {
  const out = sinkOf(stdout);
  const err = sinkOf(stderr);
  const paint = colors ? paintFor(stdout) : noPaint;
  let view = EMPTY_VIEW;
  return {
    event(raw) {
      const event = safeData(raw);
      view = fold(view, event);
      // One write for all lines of an event, so that lines of other hosts do not come between.
      const lines = eventLines(event, view, detail, paint);
      for (const [to, sink] of [
        ['out', out],
        ['err', err],
      ] as const) {
        const linesTo = lines.filter((line) => line.to === to);
        if (linesTo.length > 0) sink.write(joined(linesTo.map(({ text }) => text)));
      }
      // For `exec`, a pipe gets only the commands' output.
      if (event.type === 'run.end') (view.exec ? err : out).write(joined(recap(view, paint)));
    },
    ready: () => out.ready() ?? err.ready(),
    // During a question, the prompt itself writes to the terminal.
    async hold() {
      await out.flush();
      await err.flush();
      return () => {};
    },
    async close() {
      await out.flush();
      await err.flush();
    },
  };
}
