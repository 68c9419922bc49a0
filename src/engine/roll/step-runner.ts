import type { Clock } from '../../core/base/clock.ts';
import type { Steps } from '../../core/task/task.ts';
import type { DisruptionGate } from '../apply/disruption-gate.ts';

export interface RunStepOptions {
  /** Its tasks are not reported. */
  readonly quiet?: boolean;
  /** Breaks it off. Default: the second Ctrl-C. */
  readonly signal?: AbortSignal;
  /** What its gates wait by; default: that of the run. */
  readonly clock?: Clock;
  /** Asked right before a serving container is stopped. Default: the program stops none. */
  readonly turns?: DisruptionGate;
}

/** Runs programs for nodes: what a roll's helpers need of its steps. */
export interface StepRunner {
  /** Runs one program for a node and returns its result. @throws OrchError */
  run<R>(node: string, program: () => Steps<R>, options?: RunStepOptions): Promise<R>;
}
