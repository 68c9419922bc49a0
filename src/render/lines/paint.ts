import { styleText } from 'node:util';

export type Color = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Colors a text, or returns it unchanged if the stream shows no colors. */
export type Paint = (color: Color, text: string) => string;

/** Colors for a stream; respects NO_COLOR, FORCE_COLOR and streams that are no terminal. */
export const paintFor =
  (stream: NodeJS.WritableStream): Paint =>
  (color, text) =>
    text === '' ? '' : styleText(color, text, { stream });

export const noPaint: Paint = (_, text) => text;

/** The first line, at most `width` long. */
export function oneLine(text: string, width: number): string {
  const [first = ''] = text.trim().split('\n');
  return first.length <= width ? first : `${first.slice(0, Math.max(0, width - 1))}…`;
}

/** `1 host`, `3 hosts`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

/**
 * Names in one line, shortened if there are many.
 *
 * @example nameList(['a', 'b', 'c'], 2) // 'a, b and 1 more'
 */
export const nameList = (names: readonly string[], most = 8): string =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
