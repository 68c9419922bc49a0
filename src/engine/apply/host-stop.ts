import { located, type OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { Entry } from '../plan/plan-host.ts';
import { DisruptionRefused } from './disruption-gate.ts';
import type { TaskLog } from './task-log.ts';

/** Thrown when a host's program ends before its last task. */
export class ProgramStopped extends Error {
  readonly status: 'failed' | 'skipped';
  readonly error: OrchError | undefined;

  constructor(status: 'failed' | 'skipped', error?: OrchError) {
    super(status);
    this.status = status;
    this.error = error;
  }
}

interface Stopped {
  readonly entry: Entry;
  readonly log: TaskLog;
  readonly host: string;
  readonly signal: AbortSignal;
}

/** Reports the task's result and returns the error that stops the program. */
export function stopFor(error: unknown, { entry, log, host, signal }: Stopped): ProgramStopped {
  if (error instanceof DisruptionRefused || isInterruption(error, signal)) {
    log.end(entry, 'skipped', { note: error instanceof DisruptionRefused ? error.message : 'interrupted' });
    return new ProgramStopped('skipped', error instanceof DisruptionRefused ? error.fault : undefined);
  }
  const fault = located(error, { host: entry.task.on ?? host, task: entry.task.title });
  log.end(entry, 'failed', { error: errorInfoOf(fault) });
  return new ProgramStopped('failed', fault);
}

/** Whether the operator's interrupt caused the error; a real failure at the same time stays a failure. */
const isInterruption = (error: unknown, signal: AbortSignal): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'));
