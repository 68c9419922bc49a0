import { type Clock, dateOf } from '../../core/base/clock.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Traffic } from '../../core/play/rolling.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

/** How often a drain that was lost (a reload, somebody's hand) is made once more. */
const DRAINS = 3;

/** How often the balancers of a node are looked at while it is waited for. */
const LOOK_MS = 5000;

/** A drained node, and what draining it once more needs. */
export interface DrainedNode {
  readonly node: string;
  readonly traffic: Traffic;
  readonly context: RollContext;
  readonly steps: StepRunner;
  /** The node is changed although a person holds it. */
  readonly evenHeld: boolean;
  /** Whether the budget bears, by a look taken now, that it is drained once more. */
  fitsBudget(): Promise<boolean>;
}

/** Work on a drained node, from the beginning again when the drain was lost and made once more. @throws DRAIN_LOST */
export async function whileDrained(drained: DrainedNode, work: (isAgain: boolean) => Promise<void>): Promise<void> {
  const { node, traffic, context, steps, evenHeld } = drained;
  for (let left = DRAINS; ; left--) {
    try {
      return await work(left < DRAINS);
    } catch (error) {
      if (!isLost(error) || left <= 1) throw error;
      if (!(await drained.fitsBudget()))
        throw new OrchError('DRAIN_LOST', `${error.message}; meanwhile too many others are out to drain it once more`, {
          host: node,
          hint: 'no container was stopped; repair the others first, then run the same command to resume',
        });
      context.emit({ type: 'warning', host: node, message: `${error.message}: it is drained once more` });
      await steps.run(node, () => traffic.drain({ evenHeld }));
    }
  }
}

/**
 * Waits until nothing runs on the node, or until `signal`. Its balancers are looked at between: one that has lost the drain ends
 * the wait.
 */
export async function untilIdle(
  { node, traffic, context: { clock }, steps }: DrainedNode,
  signal: AbortSignal,
): Promise<void> {
  let looked = clock.now();
  const sleep: Clock['sleep'] = async (ms, signal) => {
    await clock.sleep(ms, signal);
    if (clock.now() - looked < LOOK_MS) return;
    looked = clock.now();
    await steps
      .run(node, () => traffic.keepsDrained(), { quiet: true })
      .catch((error: unknown) => {
        // Whatever else keeps it from looking is found by the wait itself.
        if (isLost(error)) throw error;
      });
  };
  await steps.run(node, () => traffic.waitIdle(), {
    signal,
    clock: { now: () => clock.now(), wall: () => dateOf(clock).getTime(), sleep },
  });
}

/** For steps that only wait, before anything of the node was changed: the first Ctrl-C ends them, and the node is given back at once. */
export const untilInterrupt = ({ signal, urgent }: Pick<RollContext, 'signal' | 'urgent'>): AbortSignal =>
  AbortSignal.any([signal, urgent]);

const isLost = (error: unknown): error is OrchError => error instanceof OrchError && error.code === 'DRAIN_LOST';
