import { isUnreachable } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { Observation } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

type Seen = Readonly<Record<string, Observation>>;

export interface ObserveOptions {
  readonly nodes: readonly string[];
  /** Whether the node's own program found it unhealthy. */
  unhealthy(node: string): boolean;
  /**
   * Whether its program concerns a service. If not, a later play repairs and restores a node that an earlier run left
   * drained.
   */
  serves(node: string): boolean;
  /** The drains of this play depend on this observation: one from an earlier play is not enough. */
  readonly decides: boolean;
}

/**
 * Observes all these nodes in one tick: each balancer is asked once. Leaves out a node that no balancer reports and
 * that gives no response itself.
 *
 * @throws OrchError when a balancer gives no answer
 */
export async function observeNodes(
  { fleet, ahead }: RollContext,
  steps: StepRunner,
  { nodes, unhealthy, serves, decides }: ObserveOptions,
): Promise<Seen> {
  const look = async (node: string): Promise<Seen> => {
    const traffic = fleet?.traffic(node);
    if (traffic !== undefined) {
      const now = () => steps.run(node, () => traffic.observe(), { quiet: true });
      const seen = await (decides ? now() : ahead.shown(node, now));
      if (serves(node)) return { [node]: seen };
      return { [node]: { ...seen, soaking: false, ...(seen.drainedByRun ? { drainedByRun: false, held: true } : {}) } };
    }
    const isHealthy = !unhealthy(node);
    return { [node]: { inTraffic: isHealthy, held: false, drainedByRun: false, up: isHealthy } };
  };
  const all = await Promise.all(
    nodes.map((node) =>
      look(node).catch((error: unknown): Seen => {
        if (isUnreachable(error) && errorInfoOf(error).host === node) return {};
        throw error;
      }),
    ),
  );
  return Object.assign({}, ...all);
}
