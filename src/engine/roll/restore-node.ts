import type { Traffic } from '../../core/play/rolling.ts';
import { Ask, type Steps } from '../../core/task/task.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

export interface RestoreOptions extends NonNullable<Parameters<Traffic['restore']>[0]> {
  /** Do not report its tasks. */
  readonly quiet?: boolean;
}

interface Restored {
  readonly node: string;
  readonly traffic: Traffic;
  readonly context: RollContext;
  readonly steps: StepRunner;
  /** Changes a held node, and holds it again afterwards. */
  readonly evenHeld: boolean;
}

/** A restore is short, and an aborted one leaves the node drained: not even the second Ctrl-C ends it. */
const NEVER = new AbortController().signal;

/**
 * Restores the node on each balancer independently: an unreachable balancer must not keep the node drained on the
 * others.
 *
 * @returns who keeps the node drained
 */
export async function restoreNode(
  { node, traffic, context, steps, evenHeld }: Restored,
  { quiet = false, ...options }: RestoreOptions,
): Promise<string | undefined> {
  const done = await Promise.allSettled(
    [...traffic.restore(options)].map((step) =>
      steps.run(
        node,
        function* (): Steps<unknown> {
          return yield* step instanceof Ask ? step.task : step;
        },
        { signal: NEVER, quiet },
      ),
    ),
  );
  const failed = done.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const holders = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const heldBy = holders.find((holder) => typeof holder === 'string' && holder !== '');
  if (typeof heldBy !== 'string' || evenHeld) return undefined;
  const message = `it was drained meanwhile by ${heldBy}; it stays drained`;
  context.emit({ type: 'warning', host: node, message });
  return heldBy;
}
