import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from '../core/base/home.ts';
import { safeJson } from '../core/base/safe-text.ts';
import type { NumberedEvent } from '../core/event/event.ts';
import { makeDirectories } from '../local/make-directories.ts';

export interface Journal extends Disposable {
  /** Absolute path of its file. */
  readonly file: string;
  /** Adds an event. Never throws: a failed journal must not end a run. */
  event(event: NumberedEvent): void;
}

/** Events that an operator may need after a crash of the controller: written to the disk before the run continues. */
const FLUSHED: ReadonlySet<NumberedEvent['type']> = new Set(['roll.plan', 'roll.evidence', 'roll.end', 'run.end']);

/** Where runs are recorded: `$XDG_STATE_HOME/api7-orch/runs`, else below `~/.local/state`. */
export const journalDirectory = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_STATE_HOME || join(homeDirectory(), '.local', 'state'), 'api7-orch', 'runs');

/**
 * Records a run: one redacted event per line, in a file that only its owner may read, named by time and process.
 *
 * @example using journal = openJournal(journalDirectory(), { title: 'install', onFault: warn })
 */
export function openJournal(
  directory: string,
  { title, onFault, now = new Date() }: { title: string; onFault: (text: string) => void; now?: Date },
): Journal {
  const time = now.toISOString().replace(/[-:]/g, '').replace(/\..*/, 'Z');
  const file = join(directory, `${time}-${title.replace(/[^\w.-]/g, '_')}-${process.pid}.ndjson`);
  let descriptor: number | undefined;
  const attempt = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
      onFault(`the run is not recorded any further in ${file}: ${error instanceof Error ? error.message : error}`);
    }
  };
  attempt(() => {
    makeDirectories(directory);
    descriptor = openSync(file, 'ax', 0o600);
  });
  return {
    file,
    event: (event) =>
      attempt(() => {
        if (descriptor === undefined) return;
        writeSync(descriptor, `${safeJson(event)}\n`);
        if (FLUSHED.has(event.type)) fsyncSync(descriptor);
      }),
    [Symbol.dispose]: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}
