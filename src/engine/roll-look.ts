import { isUnreachable } from '../core/errors.ts';
import { faultOf } from '../core/fault.ts';
import type { Observation } from '../rolling/types.ts';
import type { RollContext } from './roll.ts';
import type { RollSteps } from './roll-steps.ts';

type Seen = Readonly<Record<string, Observation>>;

/**
 * How all these nodes stand now, all in one tick: each balancer is asked once. One that only itself could tell of, and
 * that does not answer, is not among them. `troubled`: nodes by what their own programs found.
 *
 * @throws OrchError when a balancer does not tell
 */
export async function lookAround(
  { fleet }: RollContext,
  steps: RollSteps,
  nodes: readonly string[],
  troubled: ReadonlyMap<string, boolean>,
): Promise<Seen> {
  const look = async (node: string): Promise<Seen> => {
    const traffic = fleet?.traffic(node);
    if (traffic !== undefined) return { [node]: await steps.run(node, () => traffic.observe(), { quiet: true }) };
    const well = troubled.get(node) !== true;
    return { [node]: { inTraffic: well, held: false, leased: false, up: well } };
  };
  const all = await Promise.all(
    nodes.map((node) =>
      look(node).catch((error: unknown): Seen => {
        if (isUnreachable(error) && faultOf(error).host === node) return {};
        throw error;
      }),
    ),
  );
  return Object.assign({}, ...all);
}
