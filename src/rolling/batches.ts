import { batchSize } from '../core/play/count.ts';
import { fitsBeside, isOutOfService, mayStart } from './budget.ts';
import { inPhase, isUnfinished, type NodeState, type StartReason, type State } from './state.ts';
import type { NodeInit, Options } from './types.ts';

/** The named ones first, as named; the others follow as they came. */
export const inOrder = (nodes: readonly NodeInit[], order: readonly string[]): readonly NodeInit[] => {
  const place = ({ id }: NodeInit): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [...nodes].sort((a, b) => place(a) - place(b));
};

/** Nodes in the wave of this turn, out of `of`; undefined: as many as the budget allows. Canaries go one after another. */
export function sizeOf(options: Pick<Options, 'canary' | 'batch'>, turn: number, of: number): number | undefined {
  if (turn < options.canary) return 1;
  const list = typeof options.batch === 'object' ? options.batch : [options.batch];
  const count = list[Math.min(turn - options.canary, list.length - 1)];
  return count === undefined ? undefined : batchSize(count, of);
}

/** Waits for a turn, or only for what an earlier run has left to do: to be given back, or to be soaked. */
const isDue = (node: NodeState): boolean => node.phase === 'waiting' || (node.phase === 'ended' && isUnfinished(node));

const isSeen = (node: NodeState): boolean => !node.balanced || node.seen !== undefined;

/** What kind of turn the node would have by what was last seen. */
export function startReasonOf(node: NodeState): StartReason {
  if (node.seen?.drainedByRun || isOutOfService(node)) return 'outOfService';
  const isDoubtful = node.seen !== undefined && (!node.seen.up || node.seen.soaking === true);
  return node.unhealthy || isDoubtful ? 'unhealthy' : 'batch';
}

const sizeAt = (state: State, turn: number): number | undefined =>
  sizeOf(state.options, turn, state.nodes.filter(({ inRun }) => inRun).length);

/** Members of the current wave that are not over. */
const active = (state: State): readonly NodeState[] =>
  state.nodes.filter(({ id, phase }) => phase !== 'over' && state.batch.members.includes(id));

/**
 * Whether a node may be repaired beside those under way: no more of them than in the batch that is, or would be, on; where batches
 * have no size, as many as the budgets allow.
 */
function mayRepair(state: State, node: NodeState, running: readonly NodeState[]): boolean {
  const size = sizeAt(state, active(state).length > 0 ? state.batch.index - 1 : state.batch.index);
  return size === undefined ? fitsBeside(state, node, running) : running.length < size;
}

/**
 * Who starts next, by what was just seen; `state` is the one to go on with, for a new wave may have begun. What does not
 * serve comes first, then what is in trouble; a node that serves well starts only when none of those is left.
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

/** By what was last seen, somebody could start if a new look confirmed it. */
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
