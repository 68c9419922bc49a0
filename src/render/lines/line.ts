import { indented } from '../../core/base/safe-text.ts';

/** A line for one of the streams, without its line end. */
export interface Line {
  readonly to: 'out' | 'err';
  readonly text: string;
}

/** Lines ready for writing. A text of several lines stays one line of api7-orch: the others are indented. */
export const joined = (lines: readonly string[]): string => lines.map((text) => `${indented(text)}\n`).join('');
