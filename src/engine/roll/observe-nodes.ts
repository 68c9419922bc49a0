import { isUnreachable } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import type { Observation } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

type Seen = Readonly<Record<string, Observation>>;

export interface ObserveOptions {
  readonly nodes: readonly string[];
  /** What the node's own program found. */
  unhealthy(node: string): boolean;
  /** Whether its program is about serving: else a drain that an earlier run left is for a later play to repair and restore. */
  serves(node: string): boolean;
  /** Who is to be taken out of traffic, or was, is decided by this look: what an earlier play has seen is not enough. */
  readonly decides: boolean;
}

/**
 * How all these nodes stand, all in one tick: each balancer is asked once. One that only itself could tell of, and that
 * does not answer, is not among them.
 *
 * @throws OrchError when a balancer does not tell
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
