import type { Color, Paint } from './paint.ts';

/** One cell of a table; a plain text has no color. */
export type Cell = string | { readonly text: string; readonly color: Color };

export interface Column {
  readonly title: string;
  /** Right-aligned, for numbers. */
  readonly right?: boolean;
}

export interface TableOptions {
  readonly paint: Paint;
  /** Columns of the screen. */
  readonly width: number;
}

const GAP = '  ';
/** The last cell needs at least this width. */
const LEAST = 12;
/** An empty cell. */
const NONE = '-';

/**
 * Rows below a heading, in columns of the needed width. In a row with fewer cells than columns, the last cell gets all
 * remaining room, and is cut to it. A text of the last column that does not fit gets a line of its own.
 *
 * @example tableLines([{ title: 'HOST' }, { title: 'STATE' }], [['gw-1', 'up']], { paint, width: 100 })
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): readonly string[] {
  const head = columns.map(({ title }): Cell => ({ text: title, color: 'bold' }));
  const widths = columns.map((_, at) => Math.max(...[head, ...rows].map((row) => ownWidth(row, at, columns.length))));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0);
  const room = before + LEAST <= options.width ? options.width - before : 0;
  const [fewer, last] = [columns.slice(0, -1), columns.at(-1)];
  return [
    room === 0 ? rowLine(head.slice(0, -1), fewer, widths, options) : rowLine(head, columns, widths, options),
    ...rows.flatMap((row) => {
      const { text, color } = partsOf(row.at(-1) ?? '');
      if (row.length < columns.length || clean(text).length <= room) return [rowLine(row, columns, widths, options)];
      const line = rowLine(row.slice(0, -1), fewer, widths, options);
      if (text === NONE) return [line];
      const own = cut(`${last?.title.toLowerCase()}: ${clean(text)}`, options.width - GAP.length);
      return [line, GAP + (color === undefined ? own : options.paint(color, own))];
    }),
  ];
}

/** Blocks of lines with an empty line between them; empty blocks are left out. */
export const spaced = (blocks: readonly (readonly string[])[]): readonly string[] =>
  blocks.filter((block) => block.length > 0).flatMap((block, at) => (at === 0 ? block : ['', ...block]));

/** Rows in columns of the needed width, whole and without colors, for output that people copy. */
export function plainRows(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

function rowLine(
  row: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  { paint, width }: TableOptions,
): string {
  let used = 0;
  const fields = row.map((cell, at) => {
    const { text, color } = partsOf(cell);
    const isLast = at === row.length - 1;
    const shown = isLast ? cut(clean(text), Math.max(LEAST, width - used)) : clean(text);
    const room = isLast && row.length < columns.length ? 0 : (widths[at] ?? 0);
    used += room + GAP.length;
    const pad = ' '.repeat(Math.max(0, room - shown.length));
    const drawn = color === undefined ? shown : paint(color, shown);
    if (columns[at]?.right === true) return pad + drawn;
    return isLast ? drawn : drawn + pad;
  });
  return fields.join(GAP).trimEnd();
}

/** The width that a row needs in a column: 0 for a cell that takes all remaining room, or that may be cut. */
function ownWidth(row: readonly Cell[], at: number, columns: number): number {
  const cell = row[at];
  if (cell === undefined || (at === row.length - 1 && row.length < columns)) return 0;
  return clean(partsOf(cell).text).length;
}

const partsOf = (cell: Cell): { readonly text: string; readonly color?: Color } =>
  typeof cell === 'string' ? { text: cell } : cell;

const clean = (text: string): string => text.replaceAll('\n', ' ');

/** Keeps blanks at the start: without them, a text with several lines could look like a line of api7-orch. */
const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
