import type { FirstNode, PoolBudget } from '../core/event/event.ts';
import { sizeOf, startReasonOf } from './batches.ts';
import { isOutOfService, membersOf } from './budget.ts';
import { heldWords, inPhase, isSkipped, isUnfinished, type NodeState, type State } from './state.ts';

export interface RollPlan {
  /** Nodes that go before the batches, with the reason. They are the first element of `waves`. */
  readonly first: readonly FirstNode[];
  /** Nodes that are not changed, with the reason, for people. */
  readonly skipped: readonly { readonly host: string; readonly why: string }[];
  readonly waves: readonly (readonly string[])[];
  readonly budgets: readonly PoolBudget[];
}

/**
 * The order of the nodes, by the last observation. Nodes that an earlier run has not finished take part even if nothing
 * of them changes.
 */
export function planOf(state: State): RollPlan {
  const { options } = state;
  const waiting = inPhase(state, 'waiting').filter((node) => !isSkipped(state, node));
  const left = options.leaveDrained ? [] : inPhase(state, 'ended').filter(isUnfinished);
  const due = state.nodes.filter((node) => waiting.includes(node) || left.includes(node));
  const first = (['outOfService', 'unhealthy'] as const).flatMap((reason) =>
    due.filter((node) => startReasonOf(node) === reason),
  );
  const names = due.filter((node) => !first.includes(node)).map(({ id }) => id);
  const of = state.nodes.filter(({ inRun }) => inRun).length;
  const waves = first.length === 0 ? [] : [first.map(({ id }) => id)];
  for (let at = 0, index = 0; at < names.length; index++) {
    const size = sizeOf(options, index, of) ?? names.length;
    waves.push(names.slice(at, at + size));
    at += size;
  }
  return { first: first.map(firstNode), skipped: skippedIn(state), waves, budgets: budgetsByMembers(state) };
}

const skippedIn = (state: State): RollPlan['skipped'] =>
  state.nodes.flatMap((node) => {
    if (!node.inRun) return [];
    if (node.unreachable) return [{ host: node.id, why: 'unreachable' }];
    return node.phase === 'waiting' && isSkipped(state, node)
      ? [{ host: node.id, why: `held: ${heldWords(node)}` }]
      : [];
  });

const firstNode = (node: NodeState): FirstNode => ({
  host: node.id,
  why: whyFirst(node),
  changes: node.phase === 'waiting',
});

function whyFirst(node: NodeState): FirstNode['why'] {
  const { seen, unhealthy } = node;
  if (seen?.drainedByRun) return 'drained';
  if (isOutOfService(node)) return 'outOfService';
  if (seen?.soaking) return 'soak';
  return unhealthy ? 'unhealthy' : 'partlyInService';
}

/** The budget of each pool; pools with the same members share a line. */
function budgetsByMembers({ budgets, nodes }: State): readonly PoolBudget[] {
  const byMembers = Map.groupBy(Object.keys(budgets), (pool) =>
    membersOf(nodes, pool)
      .map(({ id }) => id)
      .join(),
  );
  return [...byMembers.values()].map((pools) => ({
    pools: pools.filter((pool) => pool !== ''),
    maxUnavailable: budgets[pools[0] ?? ''] ?? 0,
    members: membersOf(nodes, pools[0] ?? '').length,
  }));
}
