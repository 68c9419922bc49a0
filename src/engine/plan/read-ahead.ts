import type { Data } from '../../core/base/data.ts';
import type { Task } from '../../core/task/task.ts';
import type { Observation } from '../../rolling/types.ts';
import type { PlannedPlay } from './validate.ts';

/** What was read for a task, and what the controller knew of it. */
export interface Reading {
  readonly now: Data | null;
  readonly local: unknown;
}

/**
 * With a host's first batch everything that any play will ask of it is read, so that a run that changes nothing costs
 * one round trip however many plays it has. These readings count only until the first write or wait anywhere in the
 * run: from then on every play reads for itself.
 */
export class ReadAhead {
  readonly #planned: readonly PlannedPlay[];
  readonly #begun = new Set<string>();
  readonly #kept = new Map<string, Map<string, Reading>>();
  readonly #shown = new Map<string, Observation>();
  #spoilt = false;

  constructor(planned: readonly PlannedPlay[]) {
    this.#planned = planned;
  }

  /** Something was written, or waited for: nothing that was read before may be relied on. */
  spoil(): void {
    this.#spoilt = true;
    this.#kept.clear();
    this.#shown.clear();
  }

  /**
   * Tasks of this host to be read along with these, the first time that it is asked anything. Commands of the user's are
   * not among them: none is run for a play that may never come.
   */
  along(host: string, tasks: readonly Task[]): readonly Task[] {
    if (this.#spoilt || this.#begun.has(host)) return [];
    this.#begun.add(host);
    const others = new Map<string, Task>();
    for (const play of this.#planned)
      for (const task of play.tasks.get(host) ?? [])
        if (task.blocked === undefined && task.type.afterPending === 'keep') others.set(keyOf(task), task);
    for (const task of tasks) if (task.blocked === undefined) others.delete(keyOf(task));
    return [...others.values()];
  }

  keep(host: string, task: Task, reading: Reading): void {
    if (this.#spoilt) return;
    const kept = this.#kept.get(host) ?? new Map<string, Reading>();
    this.#kept.set(host, kept.set(keyOf(task), reading));
  }

  /** What was read for this very statement; given out once. */
  take(host: string, task: Task): Reading | undefined {
    const kept = task.blocked === undefined ? this.#kept.get(host) : undefined;
    if (kept === undefined) return undefined;
    const key = keyOf(task);
    const reading = kept.get(key);
    kept.delete(key);
    return reading;
  }

  /** What the balancers of a node show of it: asked for once, however many plays want to know. */
  async shown(node: string, look: () => Promise<Observation>): Promise<Observation> {
    const known = this.#shown.get(node);
    if (known !== undefined) return known;
    const seen = await look();
    if (!this.#spoilt) this.#shown.set(node, seen);
    return seen;
  }
}

/** Two tasks with the same one state the same thing on the same host. */
export const keyOf = (task: Task): string => `${task.on ?? ''}\n${task.bound.statement}`;
