import type { Task } from '../../core/task/task.ts';

/** A gate under its name for people. With `onTimeout: 'warn'` it gives a warning if it is not met. */
export interface Check {
  readonly name: string;
  readonly gate: Task<string>;
}
