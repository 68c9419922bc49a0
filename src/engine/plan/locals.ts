import type { LocalFiles } from '../../core/task/local-files.ts';
import type { Task } from '../../core/task/task.ts';

/** Work on the controller, done once per run for all hosts with the same task. */
export class Locals {
  readonly #files: LocalFiles;
  readonly #done = new Map<string, Promise<unknown>>();

  constructor(files: LocalFiles) {
    this.#files = files;
  }

  of(task: Task): Promise<unknown> {
    const key = task.bound.statement;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const work = task.bound.local(this.#files);
    this.#done.set(key, work);
    return work;
  }
}
