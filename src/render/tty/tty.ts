import { safeData, safeText } from '../../core/base/safe-text.ts';
import { fold } from '../fold.ts';
import { eventLines } from '../lines/event-lines.ts';
import { columnsOf, joined, type Line, oneOf } from '../lines/line.ts';
import { paintFor } from '../lines/paint.ts';
import { recap } from '../lines/recap.ts';
import type { Detail, Renderer } from '../renderer.ts';
import { EMPTY_VIEW } from '../run-view.ts';
import { sinkOf } from '../sink.ts';
import { frame } from './frame.ts';
import { openScreen, type Screen } from './screen.ts';

export interface TtyOptions extends Detail {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly now?: () => number;
}

/** Eight frames a second: more is unreadable, and drawing must not slow the run. */
const PICTURE_MS = 125;

/**
 * A renderer for terminals: the log scrolls above a live area with the active hosts; the end is the same recap as
 * elsewhere.
 */
export function ttyRenderer({ stdout, stderr, now = Date.now, ...detail }: TtyOptions): Renderer {
  const paint = paintFor(stdout);
  const out = sinkOf(stdout);
  const pending: Line[] = [];
  let view = EMPTY_VIEW;
  let opening: Promise<Screen | undefined> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let held = 0;
  let abandon = (): void => {};

  // A terminal that does not know its size has 0 of both.
  const draw = () => frame(view, now(), { rows: stdout.rows || 24, columns: columnsOf(stdout) ?? 80 }, paint);
  const show = (screen: Screen): void => {
    if (held > 0) return;
    if (pending.length > 0)
      screen.print(pending.splice(0).map(({ to, text }) => ({ to, text: oneOf(text, columnsOf(stdout)) })));
    screen.paint();
  };
  const open = async (): Promise<Screen> => {
    const screen = await openScreen({
      stdout,
      stderr,
      draw,
      stray: ({ to, text }) => pending.push({ to, text: safeText(text) }),
    });
    timer = setInterval(() => show(screen), PICTURE_MS).unref();
    // If the process exits during a run, the log so far is printed and the cursor made visible.
    abandon = () => {
      show(screen);
      screen.abandon();
    };
    process.once('exit', abandon);
    return screen;
  };

  return {
    event(raw) {
      const event = safeData(raw);
      view = fold(view, event);
      pending.push(...eventLines(event, view, detail, paint));
      opening ??= open().catch(() => undefined);
    },
    async hold() {
      const screen = await opening;
      // A question comes below the lines that explain it.
      if (screen !== undefined) show(screen);
      if (held++ === 0) screen?.hide();
      return () => {
        if (--held === 0) screen?.show();
      };
    },
    async close() {
      const screen = await opening;
      clearInterval(timer);
      process.removeListener('exit', abandon);
      if (screen !== undefined) {
        show(screen);
        await screen.close();
      }
      // The last lines, or all of them if no frame could be drawn.
      out.write(
        joined(
          pending.splice(0).map(({ text }) => text),
          columnsOf(stdout),
        ),
      );
      if (view.end !== undefined) out.write(joined(recap(view, paint), columnsOf(stdout)));
      await out.flush();
    },
  };
}
