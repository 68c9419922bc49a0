import { indented } from '../../core/base/safe-text.ts';

/** A line for the one stream or the other, without its end. */
export interface Line {
  readonly to: 'out' | 'err';
  readonly text: string;
}

/** Lines as they are written. A text of several lines stays one line of the program: the further ones are indented. */
export const joined = (lines: readonly string[]): string => lines.map((text) => `${indented(text)}\n`).join('');
