import { typedLine } from '../../core/base/argv.ts';
import type { ErrorInfo } from '../../core/event/event.ts';
import { type Cell, type TableOptions, tableLines } from '../../render/lines/table.ts';
import type { PreviousStates } from '../../tasks/previous-states.ts';
import { errorLines } from '../lb/table.ts';

/** The versions that one container can return to. */
export type PreviousRow = PreviousStates & {
  readonly host: string;
  readonly container: string;
  /** Why another version is refused, regardless of the record. */
  readonly refused?: string;
  /** Why its host could not be read. */
  readonly error?: ErrorInfo;
};

export interface PreviousReport {
  readonly containers: readonly PreviousRow[];
}

const COLUMNS = [{ title: 'HOST' }, { title: 'CONTAINER' }, { title: 'RUNS' }, { title: 'CAN GO BACK TO' }];

/** `rollback` for people: a row for each container, then errors, then a command. `file`: the inventory. */
export function previousLines({ containers }: PreviousReport, options: TableOptions, file: string): readonly string[] {
  const rows = containers.map((row): readonly Cell[] => [row.host, row.container, row.runs ?? '-', backCell(row)]);
  const errors = new Map(
    containers.flatMap(({ host, error }) => (error === undefined ? [] : [[host, error] as const])),
  );
  return [
    ...tableLines(COLUMNS, rows, options),
    ...[...errors.values()].flatMap((error) => ['', ...errorLines(error, options.paint)]),
    '',
    exampleLine(containers, file),
  ];
}

function exampleLine(containers: PreviousReport['containers'], file: string): string {
  const [first] = containers.flatMap((row) =>
    row.refused === undefined ? othersOf(row).map(({ version }) => ({ host: row.host, version })) : [],
  );
  return first === undefined
    ? 'no node has an earlier version to go back to'
    : `To go back, for example: ${typedLine(['api7-orch', 'rollback', first.host, '--to', first.version, '-i', file])}`;
}

const othersOf = ({ runs, states }: PreviousRow): PreviousRow['states'] =>
  states.filter(({ version }) => version !== runs);

function backCell(row: PreviousRow): Cell {
  const { refused, error } = row;
  if (error !== undefined) return { text: error.code, color: 'red' };
  const others = othersOf(row);
  if (others.length === 0) return '-';
  if (refused !== undefined) return { text: `- (${refused})`, color: 'dim' };
  return others.map(({ version, keptAt }) => `${version} (in service until ${keptAt.slice(0, 16)}Z)`).join(', ');
}
