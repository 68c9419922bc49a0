import { NotYet } from '../../core/task/later.ts';
import { Ask, type Steps, type Task } from '../../core/task/task.ts';

/** The part of a host's program that can be planned ahead: up to the next asked result, or to the end. */
export interface Segment {
  readonly tasks: readonly Task[];
  /** The program asks for the last task's result. */
  readonly asks: boolean;
  readonly done: boolean;
  /** The program's return value, when done. */
  readonly value: unknown;
  /** Set if the program used an unknown value: its rest cannot be planned. */
  readonly notYet: NotYet | undefined;
}

/** Runs a program up to its next question, after answering the last one. */
export function nextSegment(steps: Steps<unknown>, answer: unknown): Segment {
  const tasks: Task[] = [];
  let send = answer;
  try {
    for (;;) {
      const step = steps.next(send);
      send = undefined;
      if (step.done) return { tasks, asks: false, done: true, value: step.value, notYet: undefined };
      if (step.value instanceof Ask) {
        tasks.push(step.value.task);
        return { tasks, asks: true, done: false, value: undefined, notYet: undefined };
      }
      tasks.push(step.value);
    }
  } catch (error) {
    if (error instanceof NotYet) return { tasks, asks: false, done: true, value: undefined, notYet: error };
    throw error;
  }
}
