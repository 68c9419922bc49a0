import type { ErrorInfo } from '../core/event/event.ts';
import { allowed, answered, failedInStaging, leftDrained, refused, undoDrain } from './answers.ts';
import { inOrder } from './batches.ts';
import { budgetsOf } from './budget.ts';
import { type Advance, giveUp, isOver, proceed, regroup } from './due.ts';
import {
  inPhase,
  type NodeState,
  nodeOf,
  over,
  recordFailure,
  type State,
  stale,
  stop,
  update,
  withSeen,
} from './state.ts';
import type { Event, NodeInit, Options } from './types.ts';

export type { Advance } from './due.ts';
export type { State } from './state.ts';

const BEGINNING: Omit<NodeState, keyof NodeInit> = {
  phase: 'staging',
  unhealthy: false,
  seen: undefined,
  startReason: undefined,
  route: [],
  step: undefined,
  ordered: false,
  awaits: undefined,
  drainedEarlier: false,
  staysHeld: false,
  drained: 'no',
  changed: false,
  waits: false,
  lost: false,
  recovering: false,
  failedAt: undefined,
  cause: undefined,
  also: [],
  outcome: undefined,
  why: undefined,
};

/**
 * The beginning of a roll. `nodes`: the whole role, those outside the run included. A run of which nobody could be reached
 * is `finished` at once: no event would ever come.
 *
 * @throws OrchError BUDGET_ZERO when the budget of a pool rounds to none
 */
export function startRoll(options: Options, nodes: readonly NodeInit[]): State {
  const state: State = {
    options,
    budgets: budgetsOf(options.maxUnavailable, nodes),
    nodes: inOrder(nodes, options.order).map((node) => ({ ...node, ...BEGINNING })),
    started: false,
    looking: 'no',
    fresh: false,
    network: 'up',
    holds: [],
    batch: { index: 0, members: [] },
    stopped: undefined,
    interrupted: false,
    finished: false,
  };
  const skipped = state.nodes
    .filter(({ inRun, unreachable }) => inRun && unreachable)
    .reduce((next, { id }) => over(next, id, 'skipped', 'could not be reached'), state);
  return isOver(skipped) ? { ...skipped, finished: true } : skipped;
}

/**
 * One event in, what is to be done out. Never throws: an event that does not fit is not answered with a start.
 *
 * @example const { state, commands } = advance(startRoll(options, nodes), { type: 'needsDrain', node: 'gw-1' });
 */
export function advance(state: State, event: Event): Advance {
  // What a program finds after the end is still told of its node; nothing is done about it any more.
  if (state.finished) return { state: event.type === 'ended' ? absorb(state, event) : state, commands: [] };
  return proceed(absorb(state, event));
}

function absorb(state: State, event: Event): State {
  switch (event.type) {
    case 'planned':
      return staged(state, event.node, { unhealthy: event.unhealthy });
    case 'needsDrain':
      return staged(state, event.node, { phase: 'waiting', waits: true });
    case 'ended':
      return ended(state, event.node, event.ok, event.fault);
    case 'observed':
      return observed(state, event.nodes);
    case 'observeFailed':
      return blind(state, event.fault);
    case 'stepDone':
      return answered(stale(state), event.node, event.step, event.result);
    case 'network':
      return { ...stale(state), network: event.up ? (state.network === 'up' ? 'up' : 'back') : 'down' };
    case 'answered':
      return decided(state, event.go);
    case 'interrupted':
      return interrupted(state);
    default:
      return event satisfies never;
  }
}

function staged(state: State, id: string, change: Partial<NodeState>): State {
  const node = nodeOf(state, id);
  return node?.inRun && node.phase === 'staging' ? update(state, id, change) : state;
}

function ended(state: State, id: string, ok: boolean, fault: ErrorInfo | undefined): State {
  const node = nodeOf(state, id);
  if (!node?.inRun) return state;
  const cause = fault ?? { code: 'INTERNAL', message: `${id} ended without a reason`, host: id };
  if (node.outcome === 'done' && node.phase === 'over' && !ok) return recordFailure(state, id, undefined, cause);
  if (node.phase !== 'staging' && node.phase !== 'waiting') return state;
  const told = update(state, id, { waits: false });
  if (ok) return update(told, id, { phase: 'ended', unhealthy: false });
  if (fault === undefined && state.interrupted) return over(told, id, 'untouched', 'interrupted');
  const failed = failedInStaging(told, id, cause);
  // Who cannot even be staged will not be alone: nothing that serves is touched.
  return state.started ? failed : stop(failed, `${id} failed`, cause, id);
}

function observed(state: State, seen: Extract<Event, { type: 'observed' }>['nodes']): State {
  const fresh = state.looking === 'asked';
  const next: State = {
    ...withSeen(state, seen),
    looking: 'no',
    fresh,
  };
  return fresh && state.network === 'back' ? regroup({ ...next, network: 'up' }) : next;
}

/** Only an answer to the last question counts: an older one may be the network's fault. */
function blind(state: State, fault: ErrorInfo): State {
  const next: State = { ...state, looking: 'no', fresh: false };
  if (state.looking !== 'asked') return next;
  if (!state.started) return stop(next, fault.message, fault);
  if (state.stopped !== undefined) return withoutLook(next);
  return { ...next, holds: [...state.holds, { node: undefined, fault, asked: false }] };
}

/** Nobody starts, and nobody is drained whom a look was to clear; others under way go on by what their own steps find. */
function withoutLook(state: State): State {
  const network = state.network === 'back' ? 'up' : state.network;
  return inPhase(state, 'running')
    .filter(({ awaits }) => awaits === 'look')
    .reduce<State>(
      (next, node) =>
        node.step === 'drain'
          ? undoDrain(next, node.id, 'untouched', next.stopped?.why)
          : node.step === 'drainAgain'
            ? leftDrained(next, { ...node, seen: undefined })
            : update(next, node.id, { awaits: undefined }),
      { ...state, network },
    );
}

function decided(state: State, go: boolean): State {
  const [hold, ...holds] = state.holds;
  if (hold === undefined || !hold.asked) return state;
  const next: State = { ...stale(state), holds };
  if (hold.node !== undefined) return go ? allowed(next, hold.node) : refused(next, hold.node, hold.fault);
  return go ? next : withoutLook(stop(next, hold.fault.message, hold.fault));
}

/** Nobody starts, nobody is asked; a node that was changed goes on to where it is safe to leave it. */
function interrupted(state: State): State {
  const told = stop({ ...state, interrupted: true }, 'interrupted');
  const answers = told.holds.reduce<State>(
    (next, { node, fault }) => (node === undefined ? withoutLook(next) : refused(next, node, fault)),
    told,
  );
  return giveUp({ ...answers, holds: [] });
}
