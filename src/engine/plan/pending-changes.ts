import { listAt } from '../../core/base/list-at.ts';
import { overlaps } from '../../core/task/claim.ts';
import type { Task } from '../../core/task/task.ts';

/**
 * Check mode only: the changes that earlier tasks of the run would have made. Their targets are read in the state of today,
 * which does not show what a later play will find.
 */
export class PendingChanges {
  readonly #first = new Map<string, string>();
  readonly #tasks = new Map<string, Task[]>();

  /** A task of the program of `host` that would change something, or of which nothing is known yet. */
  add(host: string, task: Task): void {
    this.addReason(host, task.title);
    listAt(this.#tasks, task.on ?? host).push(task);
  }

  /** The rest of the program of `host` depends on this. */
  addReason(host: string, why: string): void {
    if (!this.#first.has(host)) this.#first.set(host, why);
  }

  /** Title of the first one in the programs of this host. */
  first(host: string): string | undefined {
    return this.#first.get(host);
  }

  /** An earlier change of what this task claims. An equal statement is none: it wants the same state. */
  before(host: string, task: Task): Task | undefined {
    const earlier = this.#tasks.get(task.on ?? host);
    return earlier?.find((other) => overlaps(other.claim, task.claim) && !isSame(other, task));
  }
}

/** Whether two tasks state the same thing. Of one whose parameters are not known yet only the claim can be compared. */
export const isSame = (a: Task, b: Task): boolean => statementOf(a) === statementOf(b);

const statementOf = (task: Task): string => (task.blocked === undefined ? task.bound.statement : task.claim);
