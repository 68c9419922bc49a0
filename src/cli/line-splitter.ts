import { streamRedactor } from '../core/base/redact.ts';

/** Cuts streamed text into lines, secrets removed even where one is split over two chunks. */
export function lineSplitter(onLine: (line: string) => void): { push(text: string): void; end(): void } {
  const redactor = streamRedactor();
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  };
  return {
    push: (text) => take(redactor.push(text)),
    end: () => {
      take(redactor.end());
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
