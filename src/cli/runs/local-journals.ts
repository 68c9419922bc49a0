import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from '../../core/base/attempt.ts';
import type { NumberedEvent } from '../../core/event/event.ts';

/** A run's journal on the controller. */
export interface LocalJournal {
  readonly file: string;
  /** Id of the run; absent if it changed nothing. */
  readonly run: string | undefined;
  /** The command, as an operator typed it. */
  readonly command: string;
  readonly cluster: string;
  readonly hosts: readonly string[];
  /** ISO time. */
  readonly at: string;
  readonly end: Extract<NumberedEvent, { readonly type: 'run.end' }> | undefined;
}

/** Longer than the first and the last event of a journal, unless thousands of hosts failed. */
const PART = 1024 * 1024;

/** Journals of runs on the controller, latest first. Other files are left out. */
export function localJournals(directory: string): readonly LocalJournal[] {
  const names = attempt(() => readdirSync(directory)) ?? [];
  return names
    .filter((name) => name.endsWith('.ndjson'))
    .toSorted()
    .toReversed()
    .flatMap((name) => attempt(() => journalIn(join(directory, name))) ?? []);
}

function journalIn(file: string): readonly LocalJournal[] {
  const { first, last } = ends(file);
  const start = eventIn(first);
  const end = eventIn(last);
  if (start?.type !== 'run.start') return [];
  const { run, title, command, cluster, hosts, time } = start;
  return [
    {
      file,
      run,
      command: command ?? (run === undefined ? title : `run ${title}`),
      cluster,
      hosts,
      at: time,
      end: end?.type === 'run.end' ? end : undefined,
    },
  ];
}

/** The first and the last line. */
function ends(file: string): { readonly first: string; readonly last: string } {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const read = (from: number): string => {
      const bytes = Buffer.alloc(Math.min(PART, size - from));
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, from)).toString('utf8');
    };
    const first = read(0);
    return {
      first: first.slice(0, Math.max(0, first.indexOf('\n'))),
      last:
        read(Math.max(0, size - PART))
          .trimEnd()
          .split('\n')
          .at(-1) ?? '',
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Written by api7-orch for its own user. */
const eventIn = (line: string): NumberedEvent | undefined => attempt(() => JSON.parse(line) as NumberedEvent);
