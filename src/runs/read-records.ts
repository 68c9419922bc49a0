import { OrchError } from '../core/base/errors.ts';
import { errorInfoOf } from '../core/event/error-info.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { Connection, Reader } from '../core/host/connection.ts';
import { RUN_ID } from './run-id.ts';
import {
  invalidRecord,
  MOST_RUN_RECORDS,
  parseRunRecord,
  RUN_RECORD_LIMIT,
  RUNS,
  type RunRecord,
  runRecordPath,
} from './run-record.ts';

/** A run as recorded on hosts. */
export interface FoundRun {
  readonly record: RunRecord;
  readonly hosts: readonly string[];
}

/** An unusable record, if no other host has a good one. */
interface BadRecord {
  readonly run: string;
  readonly error: OrchError;
}

export interface FoundRuns {
  /** Latest first. */
  readonly runs: readonly FoundRun[];
  readonly bad: readonly BadRecord[];
  /** Errors of hosts that could not be read. */
  readonly errors: readonly ErrorInfo[];
}

interface Copy {
  readonly host: string;
  readonly run: string;
  readonly record?: RunRecord;
  readonly error?: OrchError;
}

/** Reads the run records on these hosts. `open`: returns a host's connection, or makes one. */
export async function readRunRecords(
  names: readonly string[],
  open: (host: string) => Promise<Connection>,
): Promise<FoundRuns> {
  const errors: ErrorInfo[] = [];
  const copies = await Promise.all(
    names.map(async (host): Promise<readonly Copy[]> => {
      try {
        return await recordsOn(await open(host));
      } catch (error) {
        errors.push(errorInfoOf(error, { host }));
        return [];
      }
    }),
  );
  const runs: FoundRun[] = [];
  const bad: BadRecord[] = [];
  for (const [run, all] of Map.groupBy(copies.flat(), ({ run }) => run)) {
    const good = all.flatMap(({ host, record }) => (record === undefined ? [] : [{ host, record }]));
    // A balancer that was unreachable during the run has an earlier state.
    const [latest] = good.toSorted((a, b) => b.record.rev - a.record.rev);
    const error = all.find((copy) => copy.error !== undefined)?.error;
    if (latest !== undefined) runs.push({ record: latest.record, hosts: good.map(({ host }) => host) });
    else if (error !== undefined) bad.push({ run, error });
  }
  const later = (a: string, b: string): number => (a < b ? 1 : -1);
  return {
    runs: runs.toSorted((a, b) => later(a.record.run, b.record.run)),
    bad: bad.toSorted((a, b) => later(a.run, b.run)),
    errors,
  };
}

/** Ids of the runs recorded on a host. */
export const runIdsIn = async (host: Reader): Promise<readonly string[]> =>
  Object.keys(await filesIn(host)).map((file) => file.slice(0, -'.json'.length));

async function filesIn(host: Reader): Promise<Readonly<Record<string, number>>> {
  const files = Object.entries((await host.tree(RUNS)) ?? {});
  return Object.fromEntries(
    files.filter(([name]) => name.endsWith('.json') && RUN_ID.test(name.slice(0, -'.json'.length))),
  );
}

async function recordsOn(host: Reader): Promise<readonly Copy[]> {
  const files = Object.entries(await filesIn(host))
    .map(([name, size]) => ({ run: name.slice(0, -'.json'.length), size }))
    .toSorted((a, b) => (a.run < b.run ? 1 : -1))
    .slice(0, MOST_RUN_RECORDS);
  return await Promise.all(files.map(({ run, size }) => recordOn(host, run, size)));
}

async function recordOn(host: Reader, run: string, size: number): Promise<Copy> {
  const at = { host: host.name, run };
  if (size > RUN_RECORD_LIMIT) return { ...at, error: invalidRecord(at, 'it is too large') };
  try {
    const content = await host.read(runRecordPath(run), RUN_RECORD_LIMIT);
    if (content === null) return at;
    return { ...at, record: parseRunRecord(content.toString('utf8'), at) };
  } catch (error) {
    if (error instanceof OrchError && error.code === 'FILE_TOO_LARGE')
      return { ...at, error: invalidRecord(at, 'it is too large') };
    if (error instanceof OrchError && error.code.startsWith('RUN_RECORD_')) return { ...at, error };
    throw error;
  }
}
