import { errorInfoOf } from '../../core/event/error-info.ts';
import { errorOf } from './error-of.ts';
import type { RollContext } from './roll-context.ts';
import { isSilence } from './step-result.ts';
import type { StepRunner } from './step-runner.ts';

/**
 * Checks the health of finished nodes, all at once. Throws for the first unhealthy node; if there is none, for the
 * first one that could not be read.
 */
export async function recheck({ fleet }: RollContext, steps: StepRunner, nodes: readonly string[]): Promise<void> {
  const looks = await Promise.allSettled(
    nodes.map(async (node) => {
      const traffic = fleet?.traffic(node);
      if (traffic === undefined) return;
      await steps
        .run(node, () => traffic.stillHealthy(), { quiet: true })
        .catch((error: unknown) => {
          // A balancer may report it, but it is the node that is unhealthy, unless there was no response.
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
