import { readFileSync, writeFileSync } from 'node:fs';
import { formatDuration } from '../src/core/base/duration.ts';
import { COUNTS, formatSize, LIMITS, type StreamLimit } from '../src/core/bounds/limits.ts';
import { withSection } from './page-section.ts';

const PAGE = new URL('../docs/security.md', import.meta.url);
const BEGIN = '<!-- limits: npm run limits-table -->\n';
const END = '<!-- end of limits -->\n';

/**
 * The tables of limits, as Markdown.
 *
 * @example limitsTable().includes('| a reply of HAProxy | 16 MiB |') // true
 */
export function limitsTable(): string {
  const streams: readonly StreamLimit[] = Object.values(LIMITS);
  const rows = streams.map(({ what, bytes, lines, lineBytes, ms, beyond }) => [
    what,
    formatSize(bytes),
    lines === undefined ? '' : String(lines),
    lineBytes === undefined ? '' : formatSize(lineBytes),
    ms === undefined ? '' : formatDuration(ms),
    beyond,
  ]);
  const counts = Object.values(COUNTS).map(({ what, most, beyond }) => [what, String(most), beyond]);
  return [
    ...table(['stream', 'bytes', 'lines', 'one line', 'time', 'beyond it'], rows),
    '',
    ...table(['count', 'most', 'beyond it'], counts),
    '',
  ].join('\n');
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => [
  line(head),
  `|${'---|'.repeat(head.length)}`,
  ...rows.map(line),
];

/** The page with the tables inserted. */
export const withLimits = (page: string): string => withSection(page, BEGIN, END, limitsTable());

if (import.meta.main) writeFileSync(PAGE, withLimits(readFileSync(PAGE, 'utf8')));
