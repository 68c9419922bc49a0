import type { Fault } from '../core/event/event.ts';
import { isBeforeApply, stepAfter } from './pipeline.ts';
import { blame, type NodeState, nodeOf, type Outcome, over, type State, stop, update } from './state.ts';
import type { Result, Step } from './types.ts';

/** What a step's answer means. An answer to what was not asked means nothing. */
export function answered(state: State, id: string, step: Step, result: Result): State {
  const node = nodeOf(state, id);
  if (node === undefined || node.phase !== 'running' || !node.ordered || node.step !== step) return state;
  const here = update(state, id, { ordered: false });
  if (step === 'giveBack' || step === 'isolate' || step === 'evidence') return cleanedUp(here, node, step, result);
  if (result.kind === 'ok') return went(here, node, step);
  if (result.kind === 'hold' && MAY_HOLD.has(step)) return held(here, node, result.fault);
  return fell(here, node, step, result);
}

const MAY_HOLD: ReadonlySet<Step> = new Set(['guard', 'prove', 'soak']);

/** Goes on to the step after this one, or is done. */
export function goOn(state: State, node: NodeState, step: Step): State {
  const next = stepAfter(node.route, step);
  if (next === undefined || (next === 'recheck' && finished(state, node).length === 0))
    return over(state, node.id, 'done');
  // What did not serve may have come back meanwhile. After the drain it cannot: then, where all is counted, not to serve is proof that nothing runs.
  const looks = node.turn === 'out' && (next === 'drain' || next === 'prove');
  return update(state, node.id, { step: next, awaits: looks ? 'look' : undefined });
}

/** Those done earlier in this run that should be in service. */
export const finished = (state: State, node: NodeState): readonly string[] =>
  state.nodes
    .filter(
      ({ id, outcome, route, keepsHold }) => id !== node.id && outcome === 'done' && route.length > 0 && !keepsHold,
    )
    .map(({ id }) => id);

/** Takes the drain off again where it is ours and nothing of the node was changed; what it was drained for before stays so. */
export function retreat(state: State, id: string, outcome: Outcome, why?: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.drained === 'no' || node.inherited) return over(state, id, outcome, why);
  return update(state, id, { step: 'giveBack', awaits: undefined, outcome, ...(why === undefined ? {} : { why }) });
}

function went(state: State, node: NodeState, step: Step): State {
  const drained = step === 'drain' ? 'yes' : step === 'restore' ? 'no' : node.drained;
  const next = update(state, node.id, { drained });
  if (state.interrupted && isBeforeApply(step)) return retreat(next, node.id, 'untouched', 'interrupted');
  return goOn(next, node, step);
}

/** A person decides; after an interrupt nobody is asked any more. */
function held(state: State, node: NodeState, fault: Fault): State {
  const asking = {
    ...update(state, node.id, { awaits: 'person' }),
    holds: [...state.holds, { node: node.id, fault, asked: false }],
  };
  return state.interrupted ? refused(asking, node.id, fault) : asking;
}

/** A person, or an interrupt, said no to a node on hold. */
export function refused(state: State, id: string, fault: Fault): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  const stopped = stop(
    { ...state, holds: state.holds.filter((hold) => hold.node !== id) },
    `${id} was not to go on`,
    fault,
    id,
  );
  if (node.step === 'soak') return over(stopped, id, 'done');
  return retreat(update(stopped, id, { cause: fault, failedAt: node.step }), id, 'untouched');
}

/** A person said yes. Whether a node may be drained is decided anew: the answer may have taken hours. */
export function allowed(state: State, id: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.step === 'guard') return again(state, node);
  const here = update(state, id, { awaits: undefined });
  return node.step === 'soak' ? goOn(here, node, 'soak') : here;
}

/** Nothing was drained yet: it waits for its turn like all others. */
export const again = (state: State, node: NodeState): State =>
  update(state, node.id, { phase: 'waiting', step: undefined, awaits: undefined, turn: undefined, route: [] });

function fell(state: State, node: NodeState, step: Step, result: Exclude<Result, { kind: 'ok' }>): State {
  const { fault } = result;
  const lost = result.kind === 'lost';
  const elsewhere = result.kind === 'failed' && result.elsewhere === true;
  if (step === 'guard' && !lost) {
    // A fault of the control plane: every other node would meet it, so how many failures are borne does not matter.
    const stopped = stop(
      update(state, node.id, { cause: fault, failedAt: step }),
      `${node.id} must not be stopped`,
      fault,
      node.id,
    );
    return retreat(stopped, node.id, 'untouched');
  }
  if (step === 'recheck' && elsewhere)
    return over(stop(state, 'those done before could not be looked at', fault, node.id), node.id, 'done');
  if (step === 'recheck') return rechecked(state, node, fault, lost);
  const guilty = blame(state, node.id, step, fault, lost);
  if (isBeforeApply(step)) return retreat(guilty, node.id, 'failed');
  if (step === 'restore' || lost) return over(guilty, node.id, 'failed');
  // To drain it where the other balancers still answer would take a good node away from them.
  const hurts = node.balanced && (step === 'confirm' || step === 'soak') && !elsewhere;
  return update(guilty, node.id, { step: hurts ? 'isolate' : 'evidence' });
}

/** The node named in the fault is no longer well; it stays with the balancers' health checks. */
function rechecked(state: State, node: NodeState, fault: Fault, lost: boolean): State {
  const named = finished(state, node).find((id) => id === fault.host) ?? node.id;
  const guilty = blame(state, named, 'recheck', fault, lost);
  return over(guilty, node.id, named === node.id ? 'failed' : 'done');
}

/** Cleaning up never hides why it had to be done. */
function cleanedUp(state: State, node: NodeState, step: Step, result: Result): State {
  const ok = result.kind === 'ok';
  if (step === 'isolate') {
    const next = ok ? state : blame(state, node.id, step, result.fault);
    return update(next, node.id, { step: 'evidence', drained: ok ? 'yes' : 'perhaps' });
  }
  if (step === 'giveBack' && ok)
    return over(update(state, node.id, { drained: 'no' }), node.id, node.outcome ?? 'untouched');
  return over(ok ? state : blame(state, node.id, step, result.fault), node.id, 'failed');
}
