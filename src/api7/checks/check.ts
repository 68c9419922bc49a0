import type { Task } from '../../core/task/task.ts';

/** A gate under the name that people know it by. One with `onTimeout: 'warn'` is a warning where it is not met. */
export interface Check {
  readonly name: string;
  readonly gate: Task<string>;
}
