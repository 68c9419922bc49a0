import { type NodeState, type State, withSeen } from './state.ts';
import type { Observation } from './types.ts';

/** Why a node does not count on; undefined: it does. */
export function whyUnavailable(node: NodeState, state: State): string | undefined {
  if (node.outcome === 'failed') return 'failed';
  if (node.lost || node.unreachable) return 'no response';
  if (node.phase === 'running') return 'being changed';
  if (node.outcome === 'done' && state.options.leaveDrained && node.changed) return 'stopped';
  if (!node.balanced && node.seen === undefined) return undefined;
  if (node.seen === undefined) return 'shown by no balancer';
  if (node.seen.drainedByRun) return 'drained by this tool';
  if (node.seen.held) return 'held';
  return node.seen.up && node.seen.inTraffic ? undefined : 'not in full service';
}

/** Nodes of the whole role that do not serve in full, for whatever reason: a set, so that nobody counts twice. */
export const unavailable = (state: State): ReadonlySet<string> =>
  new Set(state.nodes.filter((node) => whyUnavailable(node, state) !== undefined).map(({ id }) => id));

/** No balancer gives it anything, or has anything running there: to change it takes nothing away. */
export const isOutOfService = (node: NodeState): boolean => node.seen !== undefined && !node.seen.inTraffic;

/** Nothing runs there: its balancers have nothing there, and all of them count. */
export const isEmpty = (node: NodeState): boolean => isOutOfService(node) && node.seen?.uncounted !== true;

/** The budget bears that the node is taken out now. What does not serve costs nothing. */
export const mayStart = (state: State, node: NodeState): boolean =>
  isOutOfService(node) || unavailable(state).union(new Set([node.id])).size <= state.budget;

/** By what is seen now the budget bears that a node under way is taken out once more. */
export function fitsBudget(state: State, seen: Readonly<Record<string, Observation>>, id: string): boolean {
  const now = withSeen(state, seen);
  return now.nodes.some((node) => node.id === id && mayStart(now, node));
}

/** Who uses the budget up, for people. */
export function whyFull(state: State, waiting: readonly NodeState[]): string {
  const unseen = waiting.filter(({ balanced, seen }) => balanced && seen === undefined);
  const names = state.nodes.flatMap((node) => {
    const why = whyUnavailable(node, state);
    return why === undefined ? [] : [`${node.id} (${why})`];
  });
  if (names.length >= state.budget) return `budget ${state.budget} is used up by ${names.join(', ')}`;
  return `no balancer shows ${unseen.map(({ id }) => id).join(', ')}`;
}
