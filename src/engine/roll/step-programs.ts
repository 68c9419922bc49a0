import { OrchError } from '../../core/base/errors.ts';
import type { RollingOptions, Traffic } from '../../core/play/rolling.ts';
import { Ask, type Steps } from '../../core/task/task.ts';
import type { Step } from '../../rolling/types.ts';
import { keyOf } from '../plan/read-ahead.ts';

/** The same program without gates that are met already. */
export function* withoutMet<R>(steps: Steps<R>, met: ReadonlySet<string> = new Set()): Steps<R> {
  for (let answer: unknown; ; ) {
    const step = steps.next(answer);
    if (step.done) return step.value;
    const { value } = step;
    const isMet = !(value instanceof Ask) && value.blocked === undefined && met.has(keyOf(value));
    answer = isMet ? undefined : yield value;
  }
}

/** Steps with a program of their own. Restore, soak and recheck combine programs of several nodes. */
export type TrafficStep = Exclude<Step, 'restore' | 'soak' | 'recheck'>;

interface ProgramOptions {
  readonly rolling: RollingOptions | undefined;
  readonly evenHeld: boolean;
}

export function programOf(
  traffic: Traffic,
  step: Exclude<TrafficStep, 'undoDrain' | 'drainAgain' | 'waitIdle' | 'recover'>,
  { rolling, evenHeld }: ProgramOptions,
): () => Steps<unknown> {
  switch (step) {
    case 'checkDependencies':
      return () => traffic.checkDependencies(rolling);
    case 'drain':
      return () => traffic.drain({ evenHeld, yields: true });
    case 'waitReady':
      return () => traffic.waitReady();
    case 'waitInService':
      return () => traffic.waitInService();
    case 'collectDiagnostics':
      return () => traffic.collectDiagnostics();
    case 'apply':
      throw new OrchError('INTERNAL', 'a node is changed by its own program, not by a step');
    default:
      return step satisfies never;
  }
}
