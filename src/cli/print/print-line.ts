import { safeText } from '../../core/base/safe-text.ts';
import { columnsOf, joined } from '../../render/lines/line.ts';

/** Writes a line outside of the view, without terminal control sequences and with all lines but the first indented. */
export const printLine = (stream: NodeJS.WritableStream, text: string): void =>
  void stream.write(joined([safeText(text)], columnsOf(stream)));
