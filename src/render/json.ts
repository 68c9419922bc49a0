import { safeJson } from '../core/base/safe-text.ts';
import type { Renderer } from './renderer.ts';
import { sinkOf } from './sink.ts';

/** One event per line, unchanged, up to `run.end`: for programs. */
export function jsonRenderer(stdout: NodeJS.WritableStream): Renderer {
  const out = sinkOf(stdout);
  return {
    event: (event) => out.write(`${safeJson(event)}\n`),
    ready: out.ready,
    hold: async () => {
      await out.flush();
      return () => {};
    },
    close: () => out.flush(),
  };
}
