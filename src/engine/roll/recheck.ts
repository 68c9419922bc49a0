import { errorInfoOf } from '../../core/event/error-info.ts';
import { errorOf } from './error-of.ts';
import type { RollContext } from './roll-context.ts';
import { isSilence } from './step-result.ts';
import type { StepRunner } from './step-runner.ts';

/** Looks at nodes that are done, all at once; the first that is not well any more is the fault, before what could not be read. */
export async function recheck({ fleet }: RollContext, steps: StepRunner, nodes: readonly string[]): Promise<void> {
  const looks = await Promise.allSettled(
    nodes.map(async (node) => {
      const traffic = fleet?.traffic(node);
      if (traffic === undefined) return;
      await steps
        .run(node, () => traffic.stillHealthy(), { quiet: true })
        .catch((error: unknown) => {
          // Asked of a balancer, or of the node: it is the node that is not well, unless no answer came.
          throw isSilence(error, node) ? error : errorOf({ ...errorInfoOf(error), host: node });
        });
    }),
  );
  const faults = looks.flatMap((look, i) =>
    look.status === 'rejected' ? [{ error: look.reason, silence: isSilence(look.reason, nodes[i] ?? '') }] : [],
  );
  const worst = faults.find(({ silence }) => !silence) ?? faults[0];
  if (worst !== undefined) throw worst.error;
}
