import { OrchError } from '../../core/base/errors.ts';
import type { Deadline } from '../../core/play/rolling.ts';
import { atOnceIn } from '../../rolling/budget.ts';
import { planOf } from '../../rolling/plan.ts';
import { inPhase, type State, withSeen } from '../../rolling/state.ts';
import type { Observation } from '../../rolling/types.ts';
import type { RollContext } from './roll-context.ts';
import { DEFAULT_SOAK } from './soak/soak.ts';
import type { StepRunner } from './step-runner.ts';

interface Beginning {
  readonly state: State;
  readonly seen: Readonly<Record<string, Observation>>;
}

/**
 * Runs once, before the first drain: checks that the time limits fit, confirms an outage, and reports the plan.
 *
 * @throws OrchError TIMEOUTS_INCONSISTENT, OUTAGE_NOT_CONFIRMED
 */
export async function beginRoll(context: RollContext, steps: StepRunner, { state, seen }: Beginning): Promise<void> {
  await emitPlan(context, steps, withSeen(state, seen));
  // A drain left by an earlier run is undone before any serving node is drained, even if nothing of the node changes.
  const repaired = state.nodes.filter(({ id, inRun }) => inRun && seen[id]?.drainedByRun === true).map(({ id }) => id);
  await confirmOutage(context, toDrain(state), { state, seen, repaired });
}

/** Whether the rolling change has any step to do, by this observation. */
export const hasSteps = ({ state, seen }: Beginning): boolean => planOf(withSeen(state, seen)).waves.length > 0;

/** Nodes that the run changes. */
const toDrain = (state: State): readonly string[] => inPhase(state, 'waiting').map(({ id }) => id);

/** Reports nodes, batches and limits. @throws OrchError TIMEOUTS_INCONSISTENT */
export async function emitPlan(context: RollContext, steps: StepRunner, state: State): Promise<void> {
  const { first, skipped, waves, budgets } = planOf(state);
  await lookAhead(context, steps, toDrain(state));
  const deadlines = await deadlinesOf(context, steps, toDrain(state));
  const { name: play, rolling } = context.play.options;
  const more = {
    ...(first.length === 0 ? {} : { first, soak: rolling?.soak ?? DEFAULT_SOAK }),
    ...(skipped.length === 0 ? {} : { skipped }),
  };
  context.emit({ type: 'roll.plan', play, ...more, waves, budgets, deadlines });
}

/**
 * Checks all balancers of all nodes before the first drain, so that a problem stops the run while nothing was changed.
 */
async function lookAhead({ fleet }: RollContext, steps: StepRunner, nodes: readonly string[]): Promise<void> {
  await Promise.all(
    nodes.map(async (node) => {
      const traffic = fleet?.traffic(node);
      if (traffic !== undefined) await steps.run(node, () => traffic.beforeFirstDrain(), { quiet: true });
    }),
  );
}

/** One chain of time limits for all nodes: each different limit once. */
async function deadlinesOf(context: RollContext, steps: StepRunner, nodes: readonly string[]) {
  const chains = await Promise.all(
    nodes.map(async (node) => {
      const traffic = context.fleet?.traffic(node);
      const chain = traffic && (await steps.run(node, () => traffic.deadlines(), { quiet: true }));
      return chain ?? { links: [], faults: [] };
    }),
  );
  const faults = [...new Set(chains.flatMap((chain) => chain.faults))];
  if (faults.length > 0)
    throw new OrchError('TIMEOUTS_INCONSISTENT', `the time limits do not fit together: ${faults.join('; ')}`, {
      hint: "correct them in the inventory or in the balancer's configuration; no node was drained",
    });
  const links = new Map<string, Deadline>();
  for (const link of chains.flatMap((chain) => chain.links)) links.set(JSON.stringify(link), link);
  return [...links.values()];
}

/** Requires the cluster name when a pool would have no serving node. */
async function confirmOutage(
  { fleet, play, outage }: RollContext,
  nodes: readonly string[],
  { state, seen, repaired }: Beginning & { readonly repaired: readonly string[] },
): Promise<void> {
  const stays = play.options.rolling?.leaveDrained === true;
  // Unhealthy nodes of the run are repaired before any serving node is drained.
  const serves = (node: string): boolean =>
    seen[node]?.inTraffic === true || (!stays && (nodes.includes(node) || repaired.includes(node)));
  const atOnce = (pool: string): number => (stays ? nodes.length : atOnceIn(state, pool, serves));
  const pools = fleet?.poolsEmptiedBy(nodes.filter(serves), atOnce, serves) ?? [];
  if (pools.length === 0) return;
  const what = outageText(pools);
  if ((await outage?.(what)) === true) return;
  throw new OrchError('OUTAGE_NOT_CONFIRMED', what, {
    hint: 'to accept the outage, add --yes-outage and the cluster name',
  });
}

const outageText = (pools: readonly string[]): string =>
  pools.length === 1
    ? `Pool ${pools[0]} will have no serving node`
    : `Pools ${pools.join(' and ')} will have no serving node`;
