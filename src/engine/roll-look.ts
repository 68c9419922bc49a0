import { isUnreachable } from '../core/errors.ts';
import { faultOf } from '../core/fault.ts';
import type { Observation } from '../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import type { StepRunner } from './step-runner.ts';

type Seen = Readonly<Record<string, Observation>>;

export interface Around {
  readonly nodes: readonly string[];
  /** Nodes by what their own programs found. */
  readonly troubled: ReadonlyMap<string, boolean>;
  /** Whose programs are not about what serves: what an earlier run left drained is for a later play to mend, and to give back. */
  readonly aside: ReadonlySet<string>;
  /** Who is to be taken out of traffic, or was, is decided by this look: what an earlier play has seen is not enough. */
  readonly decides: boolean;
}

/**
 * How all these nodes stand, all in one tick: each balancer is asked once. One that only itself could tell of, and that
 * does not answer, is not among them.
 *
 * @throws OrchError when a balancer does not tell
 */
export async function lookAround(
  { fleet, ahead }: RollContext,
  steps: StepRunner,
  { nodes, troubled, aside, decides }: Around,
): Promise<Seen> {
  const look = async (node: string): Promise<Seen> => {
    const traffic = fleet?.traffic(node);
    if (traffic !== undefined) {
      const now = () => steps.run(node, () => traffic.observe(), { quiet: true });
      const seen = await (decides ? now() : ahead.shown(node, now));
      return { [node]: aside.has(node) && seen.leased ? { ...seen, leased: false, held: true } : seen };
    }
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
