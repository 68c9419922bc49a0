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
  intact: false,
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
 * Starts a rolling change. `nodes`: all members of the pools, also those outside of the run. If all nodes of the run
 * are unreachable, the state is `finished` at once: no event would ever come.
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
 * Takes one event, returns the new state and the commands. Never throws: an unexpected event starts nothing.
 *
 * @example const { state, commands } = advance(startRoll(options, nodes), { type: 'needsDrain', node: 'gw-1' });
 */
export function advance(state: State, event: Event): Advance {
  // A failure that a program reports after the end is still recorded, without any command.
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
      return observeFailed(state, event.fault);
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
  const next = update(state, id, { waits: false });
  if (ok) return update(next, id, { phase: 'ended', unhealthy: false });
  if (fault === undefined && state.interrupted) return over(next, id, 'untouched', 'interrupted');
  const failed = failedInStaging(next, id, cause);
  // A failure during staging would repeat on other nodes: no serving node is drained.
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

/** Only the answer to the last request counts: an older failure may come from the network outage. */
function observeFailed(state: State, fault: ErrorInfo): State {
  const next: State = { ...state, looking: 'no', fresh: false };
  if (state.looking !== 'asked') return next;
  if (!state.started) return stop(next, fault.message, fault);
  if (state.stopped !== undefined) return withoutLook(next);
  return { ...next, holds: [...state.holds, { node: undefined, fault, asked: false }] };
}

/**
 * Starts no node. Undoes drains that waited for an observation; other running nodes continue by the results of their
 * own steps.
 */
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

/** Starts no node and asks nothing; a changed node continues to a safe point. */
function interrupted(state: State): State {
  const halted = stop({ ...state, interrupted: true }, 'interrupted');
  const answers = halted.holds.reduce<State>(
    (next, { node, fault }) => (node === undefined ? withoutLook(next) : refused(next, node, fault)),
    halted,
  );
  return giveUp({ ...answers, holds: [] });
}
