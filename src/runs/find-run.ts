import { OrchError } from '../core/base/errors.ts';
import type { FoundRun, FoundRuns } from './read-records.ts';
import { commandOf } from './run-command.ts';
import { isFinished, type RunRecord } from './run-record.ts';

export interface FindRunOptions {
  readonly cluster: string;
  /** Id of the run, or its beginning. Absent: the unfinished run. */
  readonly run?: string | undefined;
}

/**
 * The run to resume.
 *
 * @throws OrchError RUN_NOT_FOUND | RUN_FINISHED | RESUME_AMBIGUOUS | RUN_RECORD_FOREIGN | RUN_RECORD_INVALID | RUN_RECORD_NEWER
 */
export function findRun(found: FoundRuns, { cluster, run }: FindRunOptions): RunRecord {
  return run === undefined ? unfinished(found, cluster) : named(found, cluster, run);
}

/** Unsuccessful runs of this cluster that no later run of the same playbook and hosts has replaced; latest first. */
export function openRuns({ runs }: Pick<FoundRuns, 'runs'>, cluster: string): readonly FoundRun[] {
  const ours = runs.filter(({ record }) => record.cluster === cluster);
  return ours.filter(({ record }, at) => !isFinished(record) && !isReplaced(record, ours.slice(0, at)));
}

/** A later run of the same playbook on the same hosts exists. */
export const isReplaced = ({ request }: RunRecord, later: readonly FoundRun[]): boolean =>
  later.some(({ record }) => record.request.playbook === request.playbook && record.request.limit === request.limit);

function unfinished(found: FoundRuns, cluster: string): RunRecord {
  const open = openRuns(found, cluster);
  const [first, second] = open;
  // The unreadable record may be the wanted one.
  const bad = found.bad.find(({ run }) => first === undefined || run > first.record.run);
  if (bad !== undefined) throw bad.error;
  if (first === undefined)
    throw new OrchError('RUN_NOT_FOUND', `no unfinished run of cluster ${cluster} is recorded${unseen(found)}`, {
      hint: `${found.errors.length > 0 ? 'make these hosts reachable, or ' : ''}run the same command again: what is done already stays as it is`,
    });
  if (second === undefined) return first.record;
  const list = open.map(({ record }) => `${record.run} (${commandOf(record.request)}, by ${record.begun.by})`);
  throw new OrchError('RESUME_AMBIGUOUS', `${open.length} runs are unfinished: ${list.join('; ')}`, {
    hint: 'name one of them: api7-orch resume RUN',
  });
}

/** The item with this id, or the only one whose id begins with it. @throws OrchError RESUME_AMBIGUOUS */
export function byBeginning<T>(all: readonly T[], idOf: (one: T) => string, beginning: string): T | undefined {
  const matching = all.filter((one) => idOf(one).startsWith(beginning));
  const exact = matching.find((one) => idOf(one) === beginning);
  if (exact === undefined && matching.length > 1)
    throw new OrchError('RESUME_AMBIGUOUS', `several runs begin with ${beginning}: ${matching.map(idOf).join(', ')}`, {
      hint: 'write more of the id',
    });
  return exact ?? matching[0];
}

function named(found: FoundRuns, cluster: string, name: string): RunRecord {
  const exact = byBeginning(found.runs, ({ record }) => record.run, name);
  const bad = found.bad.find(({ run }) => run.startsWith(name));
  if (exact === undefined && bad !== undefined) throw bad.error;
  if (exact === undefined)
    throw new OrchError('RUN_NOT_FOUND', `no run ${name} is recorded${unseen(found)}`, {
      hint: 'see the runs: api7-orch runs list -i INVENTORY; or run the same command again',
    });
  const { record } = exact;
  if (record.cluster !== cluster)
    throw new OrchError('RUN_RECORD_FOREIGN', `run ${record.run} is of cluster ${record.cluster}, not of ${cluster}`, {
      hint: 'name the inventory of that cluster with -i',
    });
  if (isFinished(record))
    throw new OrchError('RUN_FINISHED', `run ${record.run} has finished: there is nothing to resume`, {
      hint: `to repeat it: api7-orch ${commandOf(record.request)} -i INVENTORY`,
    });
  return record;
}

const unseen = ({ errors }: FoundRuns): string =>
  errors.length === 0
    ? ''
    : ` on the hosts that were read; not read: ${errors.map(({ host, code }) => `${host} (${code})`).join(', ')}`;
