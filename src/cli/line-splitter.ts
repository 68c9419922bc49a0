import { streamRedactor } from '../core/base/redact.ts';
import { LIMITS } from '../core/bounds/limits.ts';

/**
 * Splits streamed text into lines and removes secrets, even ones split over two chunks. Cuts a line after `most`
 * characters and counts the rest, which bounds the memory.
 */
export function lineSplitter(
  onLine: (line: string) => void,
  most: number = LIMITS.execLine.bytes,
): { push(text: string): void; end(): void } {
  const redactor = streamRedactor();
  let line = '';
  let left = 0;
  const add = (part: string): void => {
    const fits = part.slice(0, most - line.length);
    line += fits;
    left += part.length - fits.length;
  };
  const endLine = (): void => {
    onLine(left === 0 ? line.replace(/\r$/, '') : `${line}… (line cut: ${left} more characters)`);
    line = '';
    left = 0;
  };
  const take = (text: string): void => {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      add(text.slice(from, end));
      endLine();
      from = end + 1;
    }
    add(text.slice(from));
  };
  return {
    push: (text) => take(redactor.push(text)),
    end: () => {
      take(redactor.end());
      if (line !== '') endLine();
    },
  };
}
