import type { Steps } from '../../core/task/task.ts';

export interface RunStepOptions {
  /** Its tasks are not reported. */
  readonly quiet?: boolean;
  /** Breaks it off. Default: the second Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** Runs programs for nodes: what a roll's helpers need of its steps. */
export interface StepRunner {
  /** Runs one program for a node and returns its result. `quiet`: its tasks are not reported. @throws OrchError */
  run<R>(node: string, program: () => Steps<R>, options?: RunStepOptions): Promise<R>;
}
