import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import { again, finished, goOn, leftDrained, undoDrain } from './answers.ts';
import { hasRoom, pick } from './batches.ts';
import { isEmpty, isOutOfService, whyFull } from './budget.ts';
import { isBeforeApply, routeOf } from './pipeline.ts';
import {
  heldWords,
  inPhase,
  isSkipped,
  isUnfinished,
  type NodeState,
  nodeOf,
  over,
  type StartReason,
  type State,
  stop,
  update,
} from './state.ts';
import type { Command, Step } from './types.ts';

export interface Advance {
  readonly state: State;
  readonly commands: readonly Command[];
}

/** Takes each action that is due now. */
export const proceed = (state: State): Advance =>
  [looked, settled, refusals, starts, refuseWaiting, orders, questions, look, end].reduce<Advance>(
    (before, stage) => {
      if (before.state.finished) return before;
      const { state: next, commands } = stage(before.state);
      return { state: next, commands: [...before.commands, ...commands] };
    },
    { state, commands: [] },
  );

const silent = (state: State): Advance => ({ state, commands: [] });

/** Each program of the run has reached its first disruptive change, or ended without one. */
const isStaged = (state: State): boolean => inPhase(state, 'staging').length === 0;

/** Decides steps that waited for a fresh observation. */
function looked(state: State): Advance {
  if (!state.fresh) return silent(state);
  let next = state;
  for (const node of inPhase(state, 'running').filter(({ awaits }) => awaits === 'look')) {
    if (node.step === 'drainAgain') {
      next = leftDrained(next, node);
      continue;
    }
    next = update(next, node.id, { awaits: undefined });
    if (node.step === 'waitIdle' && isEmpty(node)) next = goOn(next, node, 'waitIdle');
    else if (node.step === 'drain' && !node.drainedEarlier && !isOutOfService(node)) next = again(next, node);
  }
  return silent(next);
}

/** Ends nodes whose program needed no drain as done, unless an earlier run left them drained or without their soak. */
function settled(state: State): Advance {
  let next = state;
  for (const node of inPhase(state, 'ended')) {
    const unknown = node.balanced && node.seen === undefined && !state.fresh;
    const left = isUnfinished(node);
    const isDrained = node.seen?.drainedByRun === true;
    if (isDrained) next = update(next, node.id, { drained: 'yes' });
    if (isDrained && !state.options.leaveDrained && state.stopped !== undefined)
      next = over(next, node.id, 'untouched', state.stopped.why);
    else if (state.stopped !== undefined || (!unknown && (!left || state.options.leaveDrained)))
      next = over(next, node.id, 'done');
  }
  return silent(next);
}

const heldFault = ({ id, ...node }: NodeState): ErrorInfo => ({
  code: 'NODE_HELD',
  message: `${id} is held: ${heldWords(node)}`,
  hint: `--include-held changes it and leaves it held; lb restore ${id} ends a drain by lb drain`,
  host: id,
});

/** Ends waiting nodes that will not be drained. */
function refusals(state: State): Advance {
  let next = state;
  for (const node of inPhase(state, 'waiting')) {
    if (node.seen?.drainedByRun && state.stopped !== undefined) next = update(next, node.id, { drained: 'yes' });
    if (state.stopped !== undefined) next = over(next, node.id, 'untouched', state.stopped.why);
    else if (state.fresh && isSkipped(state, node))
      next = over(update(next, node.id, { cause: heldFault(node) }), node.id, 'skipped', heldFault(node).message);
  }
  return silent(next);
}

/** Refuses programs that still wait although their node is over, each once. */
function refuseWaiting(state: State): Advance {
  let next = state;
  const commands: Command[] = [];
  for (const { id, why, cause } of inPhase(state, 'over').filter(({ waits }) => waits)) {
    // If the node that stopped the rolling change failed, its own error names the cause.
    const hasOwnCause = nodeOf(state, state.stopped?.node ?? '')?.outcome === 'failed';
    const own = cause ?? (hasOwnCause ? undefined : state.stopped?.fault);
    const because = why ?? cause?.message ?? state.stopped?.why ?? '';
    commands.push({ do: 'refuse', node: id, why: because, ...defined({ own }) });
    next = update(next, id, { waits: false });
  }
  return { state: next, commands };
}

/** Starts nodes, only by a fresh observation. If no node may start and none is running, the rolling change stops. */
function starts(state: State): Advance {
  if (!state.fresh || state.stopped !== undefined || state.holds.length > 0 || !isStaged(state)) return silent(state);
  let next = state;
  for (let one = pick(next); one !== undefined; one = pick(next)) next = start(one.state, one.node, one.startReason);
  const waiting = inPhase(next, 'waiting');
  if (waiting.length === 0 || inPhase(next, 'running').length > 0) return silent(next);
  const why = whyFull(next, waiting);
  return refusals(
    stop(next, why, {
      code: 'BUDGET_EXHAUSTED',
      message: why,
      hint: 'repair or restore these nodes first, or raise max_unavailable',
    }),
  );
}

function start(state: State, node: NodeState, startReason: StartReason): State {
  const staysHeld = node.seen?.held ?? false;
  const drainedEarlier = node.seen?.drainedByRun ?? false;
  const route = routeOf({ balanced: node.balanced, staysHeld, wants: node.phase === 'waiting' }, state.options);
  const drained = drainedEarlier ? 'yes' : 'no';
  const begun = { phase: 'running', startReason, route, step: route[0], staysHeld, drainedEarlier, drained } as const;
  return { ...update(state, node.id, begun), started: true };
}

/** While the network is down, and until everything was observed again, no step is ordered. */
function orders(state: State): Advance {
  if (state.network !== 'up') return silent(state);
  let next = state;
  const commands: Command[] = [];
  for (const node of inPhase(state, 'running')) {
    const { id, step } = node;
    if (step === undefined || node.ordered || node.awaits !== undefined) continue;
    commands.push({ do: 'step', node: id, step, ...(step === 'recheck' ? { nodes: finished(next, node) } : {}) });
    next = update(next, id, {
      ordered: true,
      ...(step === 'apply' ? { changed: true, waits: false } : {}),
      drained: SETS_DRAIN.has(step) ? 'maybe' : node.drained,
    });
  }
  return { state: next, commands };
}

const SETS_DRAIN: ReadonlySet<Step> = new Set(['drain', 'restore', 'undoDrain', 'drainAgain']);

function questions(state: State): Advance {
  const [first, ...rest] = state.holds;
  if (first === undefined || first.asked) return silent(state);
  const { node, fault } = first;
  return {
    state: { ...state, holds: [{ ...first, asked: true }, ...rest] },
    commands: [{ do: 'hold', ...defined({ node }), fault }],
  };
}

function look(state: State): Advance {
  const isAsked = state.holds.some(({ node }) => node === undefined);
  if (state.fresh || state.looking !== 'no' || state.network === 'down' || isAsked || !wantsLook(state))
    return silent(state);
  return { state: { ...state, looking: 'asked' }, commands: [{ do: 'observe' }] };
}

function wantsLook(state: State): boolean {
  const running = inPhase(state, 'running');
  if (running.some(({ awaits, ordered }) => awaits === 'look' || (state.network === 'back' && !ordered))) return true;
  if (state.stopped !== undefined || state.holds.length > 0 || !isStaged(state)) return false;
  return inPhase(state, 'ended').some(({ seen }) => seen === undefined) || hasRoom(state);
}

/** The end: no node is running or waiting. Open questions and observations no longer matter. */
function end(state: State): Advance {
  if (!isOver(state)) return silent(state);
  return { state: { ...state, holds: [], finished: true }, commands: [{ do: 'finish' }] };
}

/** No node is running or waiting. */
export const isOver = (state: State): boolean => inPhase(state, 'staging', 'ended', 'waiting', 'running').length === 0;

/** No step of the node is running, and nothing of it was changed yet. */
const isUntouched = ({ ordered, step }: NodeState): boolean => !ordered && (isBeforeApply(step) || step === 'apply');

/** After a network outage: nodes that are not drained yet wait again. */
export const regroup = (state: State): State =>
  inPhase(state, 'running')
    .filter((node) => isUntouched(node) && node.drained === 'no' && node.awaits !== 'operator')
    .reduce(again, state);

/** After an interrupt: restores the nodes that were not changed, at once unless a step is running. */
export const giveUp = (state: State): State =>
  inPhase(state, 'running')
    .filter(isUntouched)
    .reduce((next, { id }) => undoDrain(next, id, 'untouched', 'interrupted'), state);
