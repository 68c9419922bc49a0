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

/** `rollback` for people: a row for each container, then errors. */
export function previousLines({ containers }: PreviousReport, options: TableOptions): readonly string[] {
  const rows = containers.map((row): readonly Cell[] => [row.host, row.container, row.runs ?? '-', backCell(row)]);
  const errors = new Map(
    containers.flatMap(({ host, error }) => (error === undefined ? [] : [[host, error] as const])),
  );
  return [
    ...tableLines(COLUMNS, rows, options),
    ...[...errors.values()].flatMap((error) => ['', ...errorLines(error, options.paint)]),
    '',
    'To go back: api7-orch rollback HOST --to VERSION -i INVENTORY',
  ];
}

function backCell({ runs, states, refused, error }: PreviousRow): Cell {
  if (error !== undefined) return { text: error.code, color: 'red' };
  const others = states.filter(({ version }) => version !== runs);
  if (others.length === 0) return '-';
  if (refused !== undefined) return { text: `- (${refused})`, color: 'dim' };
  return others.map(({ version, keptAt }) => `${version} (in service until ${keptAt.slice(0, 16)}Z)`).join(', ');
}
