import { OrchError } from '../../core/base/errors.ts';
import type { Traffic } from '../../core/play/rolling.ts';
import type { StepRunner } from './step-runner.ts';

interface Failed {
  readonly node: string;
  readonly traffic: Traffic;
  readonly steps: StepRunner;
  /** Why the node keeps its traffic, read now: too many others are unavailable. */
  readonly whyKept: string | undefined;
  /** Withdraws a lease without a drain: the node keeps the traffic that it has. */
  readonly withdraw: () => Promise<unknown>;
}

/**
 * Drains a node that failed after its restore. If others went out of service meanwhile, or leave at this moment, it keeps its traffic: a
 * bad node serves more requests than none.
 *
 * @throws OrchError BUDGET_EXHAUSTED | NO_OTHER_MEMBER_UP, with the node in service
 */
export async function drainAgain({ node, traffic, steps, whyKept, withdraw }: Failed): Promise<void> {
  if (whyKept !== undefined)
    throw new OrchError('BUDGET_EXHAUSTED', `${node} is not drained again: ${whyKept}`, {
      host: node,
      hint: 'repair or restore the others first, or raise max_unavailable, then run the same command again',
    });
  try {
    await steps.run(node, () => traffic.drain({ evenHeld: true, yields: true }));
  } catch (error) {
    if (error instanceof OrchError && error.code === 'NO_OTHER_MEMBER_UP') await withdraw();
    throw error;
  }
}
