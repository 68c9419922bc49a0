import { listAt } from '../../core/base/list-at.ts';
import { overlaps } from '../../core/task/claim.ts';
import type { Task } from '../../core/task/task.ts';

/**
 * Check mode only: changes that earlier tasks of the run would have made. Their targets are read in today's state,
 * which differs from the state that a later play will find.
 */
export class PendingChanges {
  readonly #first = new Map<string, string>();
  readonly #tasks = new Map<string, Task[]>();

  /** Adds a task of `host`'s program that would change something, or that is unknown. */
  add(host: string, task: Task): void {
    this.addReason(host, task.title);
    listAt(this.#tasks, task.on ?? host).push(task);
  }

  /** Adds a reason why the rest of `host`'s program is unknown. */
  addReason(host: string, why: string): void {
    if (!this.#first.has(host)) this.#first.set(host, why);
  }

  /** Title of the first pending change in the programs of this host. */
  first(host: string): string | undefined {
    return this.#first.get(host);
  }

  /**
   * An earlier change of this task's claim. A task with the same `statement` does not count: it desires the same state.
   */
  before(host: string, task: Task): Task | undefined {
    const earlier = this.#tasks.get(task.on ?? host);
    return earlier?.find((other) => overlaps(other.claim, task.claim) && !isSame(other, task));
  }
}

/** Whether two tasks have the same `statement`. While parameters are unknown, only the claims are compared. */
export const isSame = (a: Task, b: Task): boolean => statementOf(a) === statementOf(b);

const statementOf = (task: Task): string => (task.blocked === undefined ? task.bound.statement : task.claim);
