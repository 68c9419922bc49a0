import { type Clock, dateOf } from '../../core/base/clock.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Traffic } from '../../core/play/rolling.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

/** How often a lost drain (a reload, an external command) is repeated. */
const DRAINS = 3;

/** Interval of checks of a node's balancers during the wait, in milliseconds. */
const LOOK_MS = 5000;

/** A drained node, and what repeating its drain needs. */
export interface DrainedNode {
  readonly node: string;
  readonly traffic: Traffic;
  readonly context: RollContext;
  readonly steps: StepRunner;
  /** Changes a held node. */
  readonly evenHeld: boolean;
  /** Reads again and checks whether the budget allows draining the node again. */
  fitsBudget(): Promise<boolean>;
}

/**
 * Runs work on a drained node. If the drain was lost, repeats the drain and starts the work again. @throws DRAIN_LOST
 */
export async function whileDrained(drained: DrainedNode, work: (isAgain: boolean) => Promise<void>): Promise<void> {
  const { node, traffic, context, steps, evenHeld } = drained;
  for (let left = DRAINS; ; left--) {
    try {
      return await work(left < DRAINS);
    } catch (error) {
      if (!isLost(error) || left <= 1) throw error;
      if (!(await drained.fitsBudget()))
        throw new OrchError(
          'DRAIN_LOST',
          `${error.message}; meanwhile too many others are unavailable to drain it again`,
          {
            host: node,
            hint: 'no container was stopped; repair the others first, then run the same command to resume',
          },
        );
      context.emit({ type: 'warning', host: node, message: `${error.message}: it is drained again` });
      await steps.run(node, () => traffic.drain({ evenHeld }));
    }
  }
}

/** Waits until the node is idle, or until `signal`. Checks its balancers meanwhile: a lost drain ends the wait. */
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
        // The wait itself reports any other error.
        if (isLost(error)) throw error;
      });
  };
  await steps.run(node, () => traffic.waitIdle(), {
    signal,
    clock: { now: () => clock.now(), wall: () => dateOf(clock).getTime(), sleep },
  });
}

/**
 * The signal for steps that only wait, before the node is changed: the first Ctrl-C ends them, and the node is restored
 * at once.
 */
export const untilInterrupt = ({ signal, urgent }: Pick<RollContext, 'signal' | 'urgent'>): AbortSignal =>
  AbortSignal.any([signal, urgent]);

const isLost = (error: unknown): error is OrchError => error instanceof OrchError && error.code === 'DRAIN_LOST';
