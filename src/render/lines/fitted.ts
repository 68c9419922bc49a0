import { stripVTControlCharacters } from 'node:util';
import { wrapped } from './wrapped.ts';

/** Output of `exec`, and lines of a diff: they stay as they are. */
const QUOTED = /^(?: {4}[+\-@\\ ]|\S+ \| )/;
/** A line of a log. */
const LOG = /^ {4}\| /;
/** A command to copy, up to the end of its clause. */
const COMMAND =
  /(?:api7-orch (?:run|resume|rollback|runs|lb|lock|status|check|exec|adopt|discover|inventory|images)|ssh-keygen)(?: [^\s;]*[^\s;,:])*/g;
/** In the place of a space that must stay: texts for the screen have no control characters. */
const FIXED_SPACE = '\u0000';
/** Margin of further rows below a text without a label. */
const MARGIN = 2;

/**
 * A line in rows of at most `width` columns, broken between words, with the further rows below the text of the first. A
 * longer word or command stays whole, so that it can be copied: the terminal breaks it.
 *
 * @example fitted('[gw-1] warning: its clock is ahead', 24) // '[gw-1] warning: its\n       clock is ahead'
 */
export function fitted(line: string, width: number): string {
  const shown = stripVTControlCharacters(line);
  if (shown.length <= width || QUOTED.test(shown)) return line;
  const { label, hang } = startOf(shown, width);
  const at = indexOfColumn(line, label);
  const words = line.slice(at).replace(COMMAND, (command) => command.replaceAll(' ', FIXED_SPACE));
  const start = line.slice(0, at).replaceAll(' ', FIXED_SPACE);
  const [command] = words.split(' ', 1);
  const isAlone = command?.includes(FIXED_SPACE) === true && label + columns(command) > width;
  const rows = isAlone
    ? wrapped(`${start} ${words}`, width, { hang: MARGIN, length: columns })
    : wrapped(start + words, width, { hang, length: columns });
  return rows.map((row) => row.replaceAll(FIXED_SPACE, ' ').trimEnd()).join('\n');
}

const columns = (text: string): number => stripVTControlCharacters(text).length;

/** Each line of a text fitted. */
export const fittedLines = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => fitted(line, width))
    .join('\n');

/** Columns before the text that is wrapped, and the margin of its further rows. */
function startOf(shown: string, width: number): { readonly label: number; readonly hang: number } {
  if (LOG.test(shown)) return { label: 6, hang: 8 };
  const most = (width * 2) / 3;
  const gaps = [...shown.slice(0, width).matchAll(/\S {2,}(?=\S)/g)];
  const column = gaps.map(({ 0: gap, index }) => index + gap.length).findLast((end) => end <= most);
  if (column !== undefined) return { label: column, hang: column };
  const host = /^\s*\[[^\]\s]+\] /.exec(shown)?.[0].length;
  if (host !== undefined && host <= most) return { label: host, hang: host };
  const margin = /^ */.exec(shown)?.[0].length ?? 0;
  return { label: margin, hang: margin + MARGIN };
}

/** Where a column begins in a text with colors. */
function indexOfColumn(text: string, column: number): number {
  const [start = ''] = new RegExp(`^(?:(?:\\u001b\\[[\\d;]*m)*.){${column}}`, 's').exec(text) ?? [];
  return start.length;
}
