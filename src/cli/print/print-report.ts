import { safeData, safeJson } from '../../core/base/safe-text.ts';
import { columnsOf, joined } from '../../render/lines/line.ts';
import { paintFor } from '../../render/lines/paint.ts';
import type { TableOptions } from '../../render/lines/table.ts';
import { sinkOf } from '../../render/sink.ts';
import type { ReadFlags } from '../session.ts';

/** Width without a terminal, and its bounds on a terminal: tables wider than 160 columns are hard to read. */
const WIDTH = { piped: 100, least: 60, most: 160 };

const widthOf = (stdout: NodeJS.WriteStream): number =>
  stdout.isTTY === true ? Math.min(WIDTH.most, Math.max(WIDTH.least, stdout.columns)) : WIDTH.piped;

/** Prints a report as a table, or as JSON with `-o json`. */
export async function printReport<T>(
  report: T,
  linesOf: (report: T, style: TableOptions) => readonly string[],
  { output }: Pick<ReadFlags, 'output'>,
  stdout: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  const out = sinkOf(stdout);
  out.write(
    output === 'json'
      ? `${safeJson(report, 2)}\n`
      : joined(linesOf(safeData(report), { paint: paintFor(stdout), width: widthOf(stdout) }), columnsOf(stdout)),
  );
  await out.flush();
}
