import type { Clock } from '../../core/base/clock.ts';
import type { Steps } from '../../core/task/task.ts';
import type { DisruptionGate } from '../apply/disruption-gate.ts';

export interface RunStepOptions {
  /** Do not report its tasks. */
  readonly quiet?: boolean;
  /** Aborts it. Default: the second Ctrl-C. */
  readonly signal?: AbortSignal;
  /** The clock of its gates; default: the run's. */
  readonly clock?: Clock;
  /** Called right before a serving container is stopped. Default: the program stops none. */
  readonly gate?: DisruptionGate;
}

/** Runs programs for nodes: the part of `RollSteps` that the helpers of a rolling change need. */
export interface StepRunner {
  /** Runs one program for a node and returns its result. @throws OrchError */
  run<R>(node: string, program: () => Steps<R>, options?: RunStepOptions): Promise<R>;
}
