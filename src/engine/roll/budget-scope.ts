import type { NodeInit, Options } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';

/** All nodes that count: the play's hosts, and the other members of their pools. `lost`: unreachable hosts. */
export function budgetScopeOf(
  { fleet, play, rollFlags }: RollContext,
  hosts: readonly string[],
  lost: ReadonlySet<string>,
): readonly NodeInit[] {
  const inRun = new Set(hosts);
  const pools = fleet?.poolsOf(hosts) ?? [];
  return [...new Set([...hosts, ...pools.flatMap(({ members }) => members)])].map((id) => {
    const traffic = fleet?.traffic(id);
    const own = pools.filter(({ members }) => members.includes(id)).map(({ name }) => name);
    return {
      id,
      inRun: inRun.has(id),
      balanced: traffic !== undefined,
      recovers:
        (traffic?.canGoBack === true || (traffic !== undefined && play.options.rolling?.adopts === true)) &&
        rollFlags?.onFailure !== 'stop' &&
        play.options.rolling?.leaveDrained !== true,
      unreachable: lost.has(id),
      ...(own.length === 0 ? {} : { pools: own }),
    };
  });
}

export function optionsOf({ play, rollFlags }: RollContext): Options {
  const { canary, batch, maxUnavailable, maxFailures, order, leaveDrained } = play.options.rolling ?? {};
  return {
    canary: canary ?? 0,
    batch,
    maxUnavailable: maxUnavailable ?? 1,
    maxFailures: maxFailures ?? 0,
    order: order ?? [],
    leaveDrained: leaveDrained ?? false,
    includeHeld: rollFlags?.includeHeld ?? false,
  };
}
