import { basename } from 'node:path';
import type { ErrorInfo } from '../../core/event/event.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { journalDirectory } from '../../journal/journal.ts';
import { isReplaced } from '../../runs/find-run.ts';
import type { FoundRun } from '../../runs/read-records.ts';
import { commandOf } from '../../runs/run-command.ts';
import { isFinished, type RunRecord } from '../../runs/run-record.ts';
import { lockReport, readLocks } from '../lock/read-locks.ts';
import { environmentLockTimes } from '../lock/times.ts';
import type { Session } from '../session.ts';
import { type LocalJournal, localJournals } from './local-journals.ts';
import { recordsOf } from './records-of.ts';

/** One run, from its journal and its records. */
export interface KnownRun {
  /** Id of the run; the name of its journal if it changed nothing. */
  readonly run: string;
  readonly what: string;
  readonly cluster: string;
  /** `null`: on the controller. */
  readonly by: string | null;
  readonly at: string;
  /**
   * Its outcome; `running` while it holds a host's lock; `killed` without either; `unknown` if its locks were not read;
   * `open`: a journal without an end.
   */
  readonly state: string;
  readonly nodes: RunRecord['nodes'] | null;
  /** Whether it can be resumed. */
  readonly canResume: boolean;
  /** Its journal on the controller; of a resumed run that of its latest part. */
  readonly journal: string | null;
  /** The journals of all its parts, latest first. */
  readonly journals: readonly string[];
  readonly hosts: readonly string[];
  readonly record: RunRecord | null;
}

export interface RunsReport {
  readonly runs: readonly KnownRun[];
  readonly errors: readonly ErrorInfo[];
}

/** Runs of the controller; with a session those of its cluster, also those recorded on hosts. Latest first. */
export async function knownRuns(on?: {
  readonly session: Session;
  readonly inventory: Inventory;
}): Promise<RunsReport> {
  const journals = localJournals(journalDirectory());
  const { recorded, errors } = on === undefined ? { recorded: [], errors: [] } : await onHosts(on, journals);
  const ids = new Set(recorded.map(({ run }) => run));
  const ours = on === undefined ? journals : journals.filter((journal) => isOf(on.inventory, journal));
  // A resumed run has a journal for each part.
  const others = [...Map.groupBy(ours, ({ file, run }) => run ?? file).values()]
    .flatMap(ofJournals)
    .filter(({ run }) => !ids.has(run));
  return { runs: [...recorded, ...others].toSorted((a, b) => (a.at < b.at ? 1 : -1)), errors };
}

/** Another cluster may have the same name: it has other hosts. */
const isOf = ({ cluster, hosts }: Inventory, journal: Pick<LocalJournal, 'cluster' | 'hosts'>): boolean =>
  journal.cluster === cluster && (journal.hosts.length === 0 || journal.hosts.some((host) => hosts.has(host)));

async function onHosts(
  { session, inventory }: { readonly session: Session; readonly inventory: Inventory },
  journals: readonly LocalJournal[],
): Promise<{ readonly recorded: readonly KnownRun[]; readonly errors: readonly ErrorInfo[] }> {
  const { runs, bad, errors } = await recordsOf(session, inventory);
  const ours = runs.filter(({ record }) => record.cluster === inventory.cluster);
  const { seen, errors: unread } = await readLocks(session, [...new Set(ours.flatMap(({ hosts }) => hosts))]);
  const read = new Set(seen.map(({ host }) => host));
  const times = environmentLockTimes();
  const alive = new Set(
    seen.flatMap((each) => {
      const { lock } = lockReport(each, times);
      return lock === null || lock.expired ? [] : [lock.run];
    }),
  );
  const recorded = ours.map((found, at) =>
    ofRecord(found, {
      isAlive: alive.has(found.record.run) || (found.hosts.every((host) => read.has(host)) ? false : undefined),
      later: ours.slice(0, at),
      journals,
    }),
  );
  const faults = bad.map(({ error: { code, message, hint, host } }): ErrorInfo => ({ code, message, hint, host }));
  return { recorded, errors: [...errors, ...unread, ...faults] };
}

function ofRecord(
  { record, hosts }: FoundRun,
  {
    isAlive,
    later,
    journals,
  }: {
    /** Undefined: unknown. */
    readonly isAlive: boolean | undefined;
    readonly later: readonly FoundRun[];
    readonly journals: readonly LocalJournal[];
  },
): KnownRun {
  const { run, request, cluster, begun, nodes, end } = record;
  return {
    run,
    what: commandOf({ ...request, accepted: [] }),
    cluster,
    by: begun.by,
    at: begun.at,
    state: isAlive ? 'running' : (end?.outcome ?? (isAlive === undefined ? 'unknown' : 'killed')),
    nodes,
    canResume: isAlive === false && !isFinished(record) && !isReplaced(record, later),
    ...filesOf(journals.filter((journal) => journal.run === run)),
    hosts,
    record,
  };
}

/** A run without a record on the hosts: it changed nothing, or its record was removed. `parts`: latest first. */
function ofJournals(parts: readonly LocalJournal[]): readonly KnownRun[] {
  const [latest, begun] = [parts[0], parts.at(-1)];
  if (latest === undefined || begun === undefined) return [];
  const { file, run, command, cluster, hosts, end } = latest;
  // A run that is ok has completed every node.
  const isDone = run !== undefined && end?.outcome === 'ok';
  return [
    {
      run: run ?? basename(file, '.ndjson'),
      what: command,
      cluster,
      by: null,
      at: begun.at,
      state: end?.outcome ?? 'open',
      nodes: isDone ? Object.fromEntries(hosts.map((host) => [host, 'done'])) : null,
      canResume: false,
      ...filesOf(parts),
      hosts: [],
      record: null,
    },
  ];
}

const filesOf = (parts: readonly LocalJournal[]): Pick<KnownRun, 'journal' | 'journals'> => ({
  journal: parts[0]?.file ?? null,
  journals: parts.map(({ file }) => file),
});
