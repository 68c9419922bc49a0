import { count } from '../../render/lines/paint.ts';
import { type Cell, type TableOptions, tableLines } from '../../render/lines/table.ts';
import { errorLines } from '../lb/table.ts';
import { printReport } from '../print/print-report.ts';
import type { CliEnvironment } from '../session.ts';
import type { KnownRun, RunsReport } from './known-runs.ts';
import { type RunsFlags, withKnownRuns } from './with-hosts.ts';

const COLUMNS = [
  { title: 'RUN' },
  { title: 'BEGUN' },
  { title: 'BY' },
  { title: 'STATE' },
  { title: 'DONE' },
  { title: 'COMMAND' },
];

/** Latest runs that are printed; those that can be resumed are always printed. */
const LATEST = 10;

/** Screen words for states of a run. */
const STATES: Readonly<Record<string, string>> = {
  partial: 'failed',
  rolledBack: 'rolled back',
  internal: 'internal error',
  open: 'no end',
};

export type ListFlags = RunsFlags & { readonly all?: boolean };

/** `api7-orch runs list`. @returns 0; 3 when a host or a record could not be read; 6 */
export async function runsList(flags: ListFlags, environment: CliEnvironment = {}): Promise<number> {
  return await withKnownRuns(flags, environment, async (report) => {
    await printReport(report, (shown, style) => runsLines(shown, flags, style), flags, environment.stdout);
    return report.errors.length > 0 ? 3 : 0;
  });
}

/** `runs list` for people. */
export function runsLines(
  { runs, errors }: RunsReport,
  { all = false, inventory }: Pick<ListFlags, 'all' | 'inventory'>,
  options: TableOptions,
): readonly string[] {
  const shown = runs.filter((run, at) => all || at < LATEST || run.canResume);
  const rest = runs.length - shown.length;
  return [
    ...(runs.length === 0 ? [noRun(inventory)] : tableLines(COLUMNS, shown.map(rowOf), options)),
    ...(rest === 0 ? [] : ['', `${count(rest, 'earlier run')}: add --all`]),
    ...errors.flatMap((error) => ['', ...errorLines(error, options.paint)]),
  ];
}

const noRun = (inventory: string | undefined): string =>
  inventory === undefined
    ? 'no run is recorded on this machine; add -i INVENTORY to search its hosts too'
    : 'no run of this cluster is recorded on this machine or on the hosts that were read';

const rowOf = (run: KnownRun): readonly Cell[] => [
  shortName(run.run),
  // The name has the year.
  `${run.at.slice(5, 16).replace('T', ' ')}Z`,
  run.by ?? 'this machine',
  run.canResume ? { text: stateWord(run), color: 'yellow' } : stateWord(run),
  run.nodes === null ? '-' : nodesText(run.nodes).replace(' done', ''),
  run.what,
];

/** The state of a run on screen. */
export const stateWord = ({ state }: Pick<KnownRun, 'state'>): string => STATES[state] ?? state;

/** The name of a journal without the title and the process: its beginning is enough for `runs show`. */
const shortName = (run: string): string => /^\d{8}T\d{6}Z(?=-)/.exec(run)?.[0] ?? run;

/** @example nodesText({ 'gw-1': 'done', 'gw-2': 'failed' }) // '1 of 2 done, 1 failed' */
export function nodesText(nodes: NonNullable<KnownRun['nodes']>): string {
  const states = Object.values(nodes);
  const of = (state: string): number => states.filter((each) => each === state).length;
  const failed = of('failed') + of('rolledBack');
  return `${of('done')} of ${states.length} done${failed === 0 ? '' : `, ${failed} failed`}`;
}
