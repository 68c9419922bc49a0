import type { Data } from '../../core/base/data.ts';
import { MASK } from '../../core/base/secret.ts';
import type { ErrorInfo, TaskStatus } from '../../core/event/event.ts';
import type { Change, Patch, Report } from '../../core/task/change.ts';
import type { Entry } from '../plan/plan-host.ts';
import type { HostRun } from './host-run.ts';

interface EndDetails {
  readonly note?: string;
  readonly error?: ErrorInfo;
  readonly patch?: Patch;
}

/** Emits the events of a host's tasks, with hidden values masked. */
export class TaskLog {
  readonly #run: HostRun;
  readonly #begun = new Map<Entry, number>();
  readonly #ended = new Map<Entry, number>();

  constructor(run: HostRun) {
    this.#run = run;
  }

  plan(entries: readonly Entry[]): void {
    const { emit, host, play } = this.#run;
    emit({
      type: 'host.plan',
      host: host.name,
      play: play.options.name,
      tasks: entries.length,
      changes: entries.filter(({ plan, task }) => plan.status === 'change' && !task.type.gate).length,
      unknown: entries.filter(({ plan }) => plan.status === 'unknown').length,
    });
  }

  /** Starts the entry's time now; its announcement may follow later, if a gate waits beside others. */
  begin(entry: Entry): void {
    this.#begun.set(entry, this.#run.clock.now());
  }

  /** It has started and not ended. */
  isOpen(entry: Entry): boolean {
    return this.#begun.has(entry) && !this.#ended.has(entry);
  }

  /** Ends the entry's time now; its result is reported later. */
  finish(entry: Entry): void {
    this.#ended.set(entry, this.#run.clock.now());
  }

  start(entry: Entry): void {
    const { emit, host, play } = this.#run;
    if (!this.#begun.has(entry)) this.begin(entry);
    const { task } = entry;
    emit({
      type: 'task.start',
      host: host.name,
      play: play.options.name,
      task: task.title,
      kind: task.type.kind,
      waiting: task.type.gate,
    });
  }

  end(entry: Entry, status: TaskStatus, details: EndDetails = {}, change?: Change<Data>): void {
    const { emit, clock, host, play } = this.#run;
    const { task, plan } = entry;
    const now = this.#ended.get(entry) ?? clock.now();
    const made = change ?? (status === 'changed' && plan.status === 'change' ? plan.change : undefined);
    emit({
      type: 'task.end',
      host: host.name,
      play: play.options.name,
      task: task.title,
      kind: task.type.kind,
      status,
      differences: (made?.differences ?? []).map((row) => (task.bound.hidden(row.path) ? masked(row) : row)),
      ...details,
      durationMs: now - (this.#begun.get(entry) ?? now),
    });
  }

  /**
   * Reports why a gate was not met although the program continues. A program that asks for that result prints it
   * itself.
   */
  timedOut(entry: Entry): void {
    if (entry.plan.status === 'ok') this.report(entry).warn(entry.task.bound.unmet(entry.plan.state).message);
  }

  /** What a task's write can report while it works. */
  report(entry: Entry): Omit<Report, 'aboutToStop'> {
    const { emit, host } = this.#run;
    return {
      warn: (message) => emit({ type: 'warning', host: host.name, message }),
      progress: (text) => emit({ type: 'task.progress', host: host.name, task: entry.task.title, text }),
    };
  }

  /** One row for all tasks that cannot be named before an earlier change is applied. */
  rest(status: 'unknown' | 'failed', details: EndDetails): void {
    const { emit, host, play } = this.#run;
    emit({
      type: 'task.end',
      host: host.name,
      play: play.options.name,
      task: 'the tasks that follow',
      kind: 'rest',
      status,
      differences: [],
      ...details,
      durationMs: 0,
    });
  }
}

const masked = <T extends { readonly before: Data | undefined; readonly after: Data | undefined }>(row: T): T => ({
  ...row,
  before: row.before === undefined ? undefined : MASK,
  after: row.after === undefined ? undefined : MASK,
});
