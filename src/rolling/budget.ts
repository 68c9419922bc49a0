import type { Count } from '../core/play/count.ts';
import { budgetOf } from './count.ts';
import { type NodeState, nodeOf, type State, withSeen } from './state.ts';
import type { NodeInit, Observation } from './types.ts';

/** Why a node counts as unavailable; undefined: it is available. */
function whyUnavailable(node: NodeState, state: State): string | undefined {
  if (node.outcome === 'failed') return 'failed';
  if (node.lost || node.unreachable) return 'no response';
  if (node.phase === 'running') return 'being changed';
  if (node.outcome === 'done' && state.options.leaveDrained && node.changed) return 'stopped';
  if (!node.balanced && node.seen === undefined) return undefined;
  if (node.seen === undefined) return 'shown by no balancer';
  if (node.seen.drainedByRun) return 'drained by this tool';
  if (node.seen.held) return 'held';
  // One of the run is soaked before any other is drained.
  if (node.seen.soaking && !node.inRun) return 'soak not passed';
  return node.seen.up && node.seen.inTraffic ? undefined : (node.seen.notUp ?? 'not in full service');
}

/** No balancer sends it requests or has sessions there: changing it interrupts nothing. */
export const isOutOfService = (node: NodeState): boolean => node.seen !== undefined && !node.seen.inTraffic;

/** The node is idle: its balancers have no sessions there, and all of them count sessions. */
export const isEmpty = (node: NodeState): boolean => isOutOfService(node) && node.seen?.uncounted !== true;

/** The pools whose budgets a node uses. */
const poolsOf = ({ pools = NO_POOL }: Pick<NodeInit, 'pools'>): readonly string[] => pools;

/** Nodes outside of all pools share one budget. */
const NO_POOL: readonly string[] = [''];

/**
 * The budget of each pool: the most members that may be unavailable at once. A share is of that pool's members.
 *
 * @throws OrchError BUDGET_ZERO
 */
export function budgetsOf(maxUnavailable: Count, nodes: readonly NodeInit[]): Readonly<Record<string, number>> {
  const pools = [...new Set(nodes.flatMap(poolsOf))];
  return Object.fromEntries(pools.map((pool) => [pool, budgetOf(maxUnavailable, membersOf(nodes, pool).length, pool)]));
}

/** The budget of one pool; 0 for a pool without a node of the rolling change. */
const budgetIn = ({ budgets }: State, pool: string): number => budgets[pool] ?? 0;

export const membersOf = <N extends NodeInit>(nodes: readonly N[], pool: string): readonly N[] =>
  nodes.filter((node) => poolsOf(node).includes(pool));

/** Members of a pool that are not fully in service, for any reason. A set, so that each node counts once. */
const unavailable = (state: State, pool: string): ReadonlySet<string> =>
  new Set(
    membersOf(state.nodes, pool)
      .filter((node) => whyUnavailable(node, state) !== undefined)
      .map(({ id }) => id),
  );

/** Whether each pool of the node can spare it now. A node that is out of service uses no budget. */
export const mayStart = (state: State, node: NodeState): boolean =>
  isOutOfService(node) || poolsOf(node).every((pool) => fitsPool(state, pool, node.id));

const fitsPool = (state: State, pool: string, id: string): boolean =>
  unavailable(state, pool).union(new Set([id])).size <= budgetIn(state, pool);

/** Whether each pool of the node has budget left besides these nodes. */
export const fitsBeside = (state: State, node: NodeState, others: readonly NodeState[]): boolean =>
  poolsOf(node).every((pool) => membersOf(others, pool).length < budgetIn(state, pool));

/**
 * How many serving members of a pool may be drained together, besides unavailable ones. At least one: each repaired
 * node returns its part of the budget.
 */
export const atOnceIn = (state: State, pool: string, serves: (node: string) => boolean): number =>
  Math.max(1, budgetIn(state, pool) - membersOf(state.nodes, pool).filter(({ id }) => !serves(id)).length);

/** What the budgets allow for a node that was drained by this run, or restored by it. */
export interface Repeatable {
  /** A lost drain may be repeated: the node was not changed yet. */
  readonly fits: boolean;
  /** Why a node that failed after its restore keeps its traffic; undefined: it may be drained again. */
  readonly whyKept: string | undefined;
}

/** Whether the budgets allow draining a running node again, by the given observation. */
export function repeatable(state: State, seen: Readonly<Record<string, Observation>>, id: string): Repeatable {
  const now = withSeen(state, seen);
  const node = nodeOf(now, id);
  return node === undefined
    ? { fits: false, whyKept: undefined }
    : { fits: mayStart(now, node), whyKept: whyKept(now, node) };
}

/** A node that was drained before this run may be drained again while any other one serves. */
function whyKept(state: State, node: NodeState): string | undefined {
  if (isOutOfService(node)) return undefined;
  return poolsOf(node).flatMap((pool) => {
    const others = unavailable(state, pool).difference(new Set([node.id])).size;
    const most = node.drainedEarlier ? membersOf(state.nodes, pool).length - 1 : 0;
    return others < Math.max(budgetIn(state, pool), most) ? [] : [usedIn(state, pool, node.id)];
  })[0];
}

/** Names the nodes that use the budgets up, for people. */
export function whyFull(state: State, waiting: readonly NodeState[]): string {
  const full = [...new Set(waiting.flatMap(poolsOf))].filter(
    (pool) => unavailable(state, pool).size >= budgetIn(state, pool),
  );
  const unseen = waiting.filter(({ balanced, seen }) => balanced && seen === undefined).map(({ id }) => id);
  if (full.length === 0) return `no balancer shows ${unseen.join(', ')}`;
  const several = Object.keys(state.budgets).length > 1;
  return full.map((pool) => `${several && pool !== '' ? `pool ${pool}: ` : ''}${usedIn(state, pool)}`).join('; ');
}

function usedIn(state: State, pool: string, except?: string): string {
  const names = membersOf(state.nodes, pool).flatMap((node) => {
    if (node.id === except) return [];
    const why = whyUnavailable(node, state);
    return why === undefined ? [] : [`${node.id} (${why})`];
  });
  return `max unavailable ${budgetIn(state, pool)} is already used by ${names.join(', ')}`;
}
