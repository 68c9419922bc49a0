import { indented, safeText } from '../core/base/safe-text.ts';

/** Writes a line past the view: nothing in it can draw on the terminal, and further lines are indented. */
export const printLine = (stream: NodeJS.WritableStream, text: string): void =>
  void stream.write(`${indented(safeText(text))}\n`);
