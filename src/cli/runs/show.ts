import { typedLine } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { TableOptions } from '../../render/lines/table.ts';
import { byBeginning } from '../../runs/find-run.ts';
import type { NodeState } from '../../runs/run-record.ts';
import { printReport } from '../print/print-report.ts';
import type { CliEnvironment } from '../session.ts';
import type { KnownRun } from './known-runs.ts';
import { nodesText, stateWord } from './list.ts';
import { type RunsFlags, withKnownRuns } from './with-hosts.ts';

/** `api7-orch runs show`. @returns 0; 6 @throws OrchError RUN_NOT_FOUND | RESUME_AMBIGUOUS */
export async function runsShow(run: string, flags: RunsFlags, environment: CliEnvironment = {}): Promise<number> {
  return await withKnownRuns(flags, environment, async ({ runs }) => {
    const one = byBeginning(runs, (known) => known.run, run);
    if (one === undefined)
      throw new OrchError('RUN_NOT_FOUND', `no run ${run} is recorded`, {
        hint:
          flags.inventory === undefined
            ? 'search the hosts too: runs show RUN -i INVENTORY'
            : 'see the runs: api7-orch runs list -i INVENTORY',
      });
    const resume = one.canResume ? resumeLine(one, flags.inventory ?? 'INVENTORY') : undefined;
    await printReport({ ...one, resume: resume ?? null }, runLines, flags, environment.stdout);
    return 0;
  });
}

type ShownRun = KnownRun & { readonly resume: string | null };

const resumeLine = ({ run, record }: KnownRun, inventory: string): string =>
  typedLine(['api7-orch', 'resume', run, '-i', inventory, ...(record?.request.accepted ?? [])]);

/** The words that the end of a run has for its nodes. A run that was killed leaves nodes in the middle of their change. */
function nodeWord(state: NodeState, { state: run }: KnownRun): string {
  switch (state) {
    case 'waiting':
      return run === 'running' ? 'waiting' : 'not started';
    case 'changing':
      return run === 'running' ? 'changing' : 'change under way at the end';
    case 'rolledBack':
      return 'rolled back';
    default:
      return state;
  }
}

/** `runs show` for people. */
export function runLines(shown: ShownRun, { paint }: TableOptions): readonly string[] {
  const { record, nodes } = shown;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['run', shown.run],
    ['command', shown.what],
    ['cluster', shown.cluster],
    ['begun', `${shown.at}${shown.by === null ? '' : ` by ${shown.by}`}`],
    ['resumed', record?.resumed && `${record.resumed.at} by ${record.resumed.by}`],
    ['state', stateWord(shown)],
    ['version', record?.program.version],
    ['images', record?.images.join(', ')],
    ['order', record?.order.map((batch) => batch.join(', ')).join(' | ') || undefined],
    ['nodes', nodes === null ? undefined : nodesText(nodes)],
    ['records on', shown.hosts.join(', ') || undefined],
    ['journal', shown.journal ?? undefined],
    ...shown.journals.slice(1).map((file) => ['earlier', file] as const),
  ];
  const states = Object.entries(nodes ?? {});
  const width = Math.max(0, ...states.map(([host]) => host.length));
  return [
    ...rows.flatMap(([label, value]) => (value === undefined ? [] : [`${paint('dim', label.padEnd(10))} ${value}`])),
    ...states.map(([host, state]) => `  ${host.padEnd(width)}  ${nodeWord(state, shown)}`),
    ...(shown.resume === null ? [] : ['', `To resume: ${shown.resume}`]),
  ];
}
