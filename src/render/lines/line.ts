import { indented } from '../../core/base/safe-text.ts';
import { fittedLines } from './fitted.ts';

/** A line for one of the streams, without its line end. */
export interface Line {
  readonly to: 'out' | 'err';
  readonly text: string;
}

/**
 * Lines ready for writing. A text of several lines stays one line of api7-orch: the others are indented. On a terminal
 * of `columns`, long lines are broken between words.
 */
export const joined = (lines: readonly string[], columns?: number): string =>
  lines.map((text) => `${oneOf(text, columns)}\n`).join('');

/** One line as `joined` has it, without its line end. */
export const oneOf = (text: string, columns?: number): string =>
  columns === undefined ? indented(text) : fittedLines(indented(text), columns);

/** The columns of a stream; undefined: it is no terminal. */
export const columnsOf = (stream: NodeJS.WritableStream): number | undefined =>
  'isTTY' in stream &&
  stream.isTTY === true &&
  'columns' in stream &&
  typeof stream.columns === 'number' &&
  stream.columns > 0
    ? stream.columns
    : undefined;
