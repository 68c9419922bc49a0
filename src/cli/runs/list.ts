import { type Cell, type TableOptions, tableLines } from '../../render/lines/table.ts';
import { errorLines } from '../lb/table.ts';
import { printReport } from '../print-report.ts';
import type { CliEnvironment } from '../session.ts';
import type { KnownRun, RunsReport } from './known-runs.ts';
import { type RunsFlags, withKnownRuns } from './with-hosts.ts';

const COLUMNS = [
  { title: 'RUN' },
  { title: 'BEGUN' },
  { title: 'BY' },
  { title: 'STATE' },
  { title: 'NODES' },
  { title: 'COMMAND' },
];

/** `api7-orch runs list`. @returns 0; 3 when a host or a record could not be read; 6 */
export async function runsList(flags: RunsFlags, environment: CliEnvironment = {}): Promise<number> {
  return await withKnownRuns(flags, environment, async (report) => {
    await printReport(report, runsLines, flags, environment.stdout);
    return report.errors.length > 0 ? 3 : 0;
  });
}

/** `runs list` for people. */
export function runsLines({ runs, errors }: RunsReport, options: TableOptions): readonly string[] {
  return [
    ...(runs.length === 0 ? ['no run is recorded'] : tableLines(COLUMNS, runs.map(rowOf), options)),
    ...errors.flatMap((error) => ['', ...errorLines(error, options.paint)]),
  ];
}

const rowOf = (run: KnownRun): readonly Cell[] => [
  run.run,
  `${run.at.slice(0, 16)}Z`,
  run.by ?? '-',
  run.canResume ? { text: run.state, color: 'yellow' } : run.state,
  run.nodes === null ? '-' : nodesText(run.nodes),
  run.what,
];

/** @example nodesText({ 'gw-1': 'done', 'gw-2': 'failed' }) // '1 of 2 done, 1 failed' */
export function nodesText(nodes: NonNullable<KnownRun['nodes']>): string {
  const states = Object.values(nodes);
  const count = (state: string): number => states.filter((each) => each === state).length;
  const failed = count('failed') + count('rolledBack');
  return `${count('done')} of ${states.length} done${failed === 0 ? '' : `, ${failed} failed`}`;
}
