import type { Data } from '../../core/base/data.ts';
import type { Task } from '../../core/task/task.ts';
import type { Observation } from '../../rolling/types.ts';
import { PendingChanges } from './pending-changes.ts';
import type { PlannedPlay } from './validate.ts';

/** A task's reading and its local part. */
export interface Reading {
  readonly now: Data | null;
  readonly local: unknown;
}

/**
 * Reads everything that any play needs from a host with the host's first batch. A run without changes then costs one
 * round trip, however many plays it has. These readings are valid until the first write or wait of the run; after that
 * each play reads for itself.
 */
export class ReadAhead {
  readonly #planned: readonly PlannedPlay[];
  readonly #begun = new Set<string>();
  readonly #kept = new Map<string, Map<string, Reading>>();
  readonly #shown = new Map<string, Observation>();
  /** Check mode: changes that earlier tasks would have made. */
  readonly pending = new PendingChanges();
  #spoilt = false;

  constructor(planned: readonly PlannedPlay[]) {
    this.#planned = planned;
  }

  /** After a write or a wait: forgets all earlier readings. */
  spoil(): void {
    this.#spoilt = true;
    this.#kept.clear();
    this.#shown.clear();
  }

  /**
   * Tasks of later plays to read with this host's first batch. Leaves out user commands: none runs for a play that may
   * never come.
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

  /** The reading for this very task; returned once. */
  take(host: string, task: Task): Reading | undefined {
    const kept = task.blocked === undefined ? this.#kept.get(host) : undefined;
    if (kept === undefined) return undefined;
    const key = keyOf(task);
    const reading = kept.get(key);
    kept.delete(key);
    return reading;
  }

  /** The balancers' view of a node, read once for all plays. */
  async shown(node: string, look: () => Promise<Observation>): Promise<Observation> {
    const known = this.#shown.get(node);
    if (known !== undefined) return known;
    const seen = await look();
    if (!this.#spoilt) this.#shown.set(node, seen);
    return seen;
  }
}

/** Key of a task: equal keys mean the same `statement` on the same host. */
export const keyOf = (task: Task): string => `${task.on ?? ''}\n${task.bound.statement}`;
