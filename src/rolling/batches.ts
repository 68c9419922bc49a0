import { batchSize } from '../core/play/count.ts';
import { fitsBeside, isOutOfService, mayStart } from './budget.ts';
import { inPhase, isUnfinished, type NodeState, type StartReason, type State } from './state.ts';
import type { NodeInit, Options } from './types.ts';

/** The named nodes first, in the given order; the others keep their order. */
export const inOrder = (nodes: readonly NodeInit[], order: readonly string[]): readonly NodeInit[] => {
  const rank = ({ id }: NodeInit): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...nodes].sort((a, b) => rank(a) - rank(b));
};

/**
 * Size of the batch number `index`, out of `of` nodes; undefined: as many as the budget allows. Canaries go one by one.
 */
export function sizeOf(options: Pick<Options, 'canary' | 'batch'>, index: number, of: number): number | undefined {
  if (index < options.canary) return 1;
  const list = typeof options.batch === 'object' ? options.batch : [options.batch];
  const count = list[Math.min(index - options.canary, list.length - 1)];
  return count === undefined ? undefined : batchSize(count, of);
}

/** The node waits for its drain, or an earlier run left it drained or without its soak. */
const isDue = (node: NodeState): boolean => node.phase === 'waiting' || (node.phase === 'ended' && isUnfinished(node));

const isSeen = (node: NodeState): boolean => !node.balanced || node.seen !== undefined;

/** Why the node would start, by the last observation. */
export function startReasonOf(node: NodeState): StartReason {
  if (node.seen?.drainedByRun || isOutOfService(node)) return 'outOfService';
  const isDoubtful = node.seen !== undefined && (!node.seen.up || node.seen.soaking === true);
  return node.unhealthy || isDoubtful ? 'unhealthy' : 'batch';
}

const sizeAt = (state: State, index: number): number | undefined =>
  sizeOf(state.options, index, state.nodes.filter(({ inRun }) => inRun).length);

/** Members of the current batch that are not over. */
const active = (state: State): readonly NodeState[] =>
  state.nodes.filter(({ id, phase }) => phase !== 'over' && state.batch.members.includes(id));

/**
 * Whether a node may be repaired beside the running ones: at most as many as the batch that runs or comes next; if
 * batches have no size, as many as the budgets allow.
 */
function mayRepair(state: State, node: NodeState, running: readonly NodeState[]): boolean {
  const size = sizeAt(state, active(state).length > 0 ? state.batch.index - 1 : state.batch.index);
  return size === undefined ? fitsBeside(state, node, running) : running.length < size;
}

/**
 * Picks the node that starts next, by the last observation. The returned `state` replaces the given one: a new batch
 * may have begun. Nodes out of service come first, then unhealthy ones; a healthy node starts only when none of those
 * is left.
 */
export function pick(
  state: State,
): { readonly state: State; readonly node: NodeState; readonly startReason: StartReason } | undefined {
  const due = state.nodes.filter(isDue);
  const running = inPhase(state, 'running');
  for (const startReason of ['outOfService', 'unhealthy'] as const) {
    const waiting = due.filter((node) => startReasonOf(node) === startReason);
    if (waiting.length === 0 && !running.some((node) => node.startReason === startReason)) continue;
    const node = waiting.find(
      (one) => isSeen(one) && mayRepair(state, one, running) && (one.phase === 'ended' || mayStart(state, one)),
    );
    return node === undefined ? undefined : { state, node, startReason };
  }
  const begun = active(state).length > 0 ? state : nextBatch(state, due);
  const node = active(begun).find((one) => isDue(one) && isSeen(one) && mayStart(begun, one));
  return node === undefined ? undefined : { state: begun, node, startReason: 'batch' };
}

function nextBatch(state: State, due: readonly NodeState[]): State {
  const members = due
    .filter(isSeen)
    .slice(0, sizeAt(state, state.batch.index) ?? due.length)
    .map(({ id }) => id);
  return { ...state, batch: { index: state.batch.index + 1, members } };
}

/** Whether some node could start by the last observation, if a new one confirms it. */
export function hasRoom(state: State): boolean {
  const due = state.nodes.filter(isDue);
  const running = inPhase(state, 'running');
  if (due.length === 0) return false;
  if (running.length === 0) return true;
  const repairs = due.filter((node) => startReasonOf(node) !== 'batch');
  if (repairs.length > 0) return repairs.some((node) => mayRepair(state, node, running));
  const away = state.nodes.filter(({ phase, outcome, unreachable }) => {
    return phase === 'running' || outcome === 'failed' || unreachable;
  });
  return active(state).some((node) => isDue(node) && fitsBeside(state, node, away));
}
