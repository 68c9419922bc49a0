import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import { isBeforeApply, recoveryOf, stepAfter } from './pipeline.ts';
import { type NodeState, nodeOf, type Outcome, over, recordFailure, type State, stop, update } from './state.ts';
import type { Result, Step } from './types.ts';

/** What a step's answer means. An answer to what was not asked means nothing. */
export function answered(state: State, id: string, step: Step, result: Result): State {
  const node = nodeOf(state, id);
  if (node === undefined || node.phase !== 'running' || !node.ordered || node.step !== step) return state;
  const here = update(state, id, { ordered: false });
  if (step === 'undoDrain' || step === 'drainAgain' || step === 'collectDiagnostics')
    return cleanedUp(here, node, step, result);
  if (result.kind === 'ok') return stepSucceeded(here, node, step, result.heldBy);
  if (result.kind === 'hold' && MAY_HOLD.has(step)) return held(here, node, result.fault);
  // The step was broken off by the interrupt itself: nothing is wrong with the node, and nothing of it was changed.
  if (state.interrupted && isBeforeApply(step) && result.kind === 'failed' && result.fault.code === 'INTERRUPTED')
    return undoDrain(here, id, 'untouched', 'interrupted');
  return stepFailed(here, node, step, result);
}

const MAY_HOLD: ReadonlySet<Step> = new Set(['checkDependencies', 'waitIdle', 'soak']);

/** Goes on to the step after this one, or is over. */
export function goOn(state: State, node: NodeState, step: Step): State {
  const next = stepAfter(node.route, step);
  if (next === undefined || (next === 'recheck' && finished(state, node).length === 0))
    return over(state, node.id, node.recovering ? 'rolledBack' : 'done');
  // What did not serve may have come back meanwhile. After the drain it cannot: then, where all is counted, not to serve is proof that nothing runs.
  const looks = node.startReason === 'outOfService' && (next === 'drain' || next === 'waitIdle');
  return update(state, node.id, { step: next, awaits: looks ? 'look' : undefined });
}

/** Those done earlier in this run that should be in service. */
export const finished = (state: State, node: NodeState): readonly string[] =>
  state.nodes
    .filter(
      ({ id, outcome, route, staysHeld }) => id !== node.id && outcome === 'done' && route.length > 0 && !staysHeld,
    )
    .map(({ id }) => id);

/** Takes the drain off again where it is ours and nothing of the node was changed; what it was drained for before stays so. */
export function undoDrain(state: State, id: string, outcome: Outcome, why?: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.drained === 'no' || node.drainedEarlier) return over(state, id, outcome, why);
  return update(state, id, { step: 'undoDrain', awaits: undefined, outcome, ...defined({ why }) });
}

function stepSucceeded(state: State, node: NodeState, step: Step, heldBy?: string): State {
  const drained = step === 'drain' ? 'yes' : step === 'restore' ? 'no' : node.drained;
  if (step === 'restore' && heldBy !== undefined) return keptOut(state, node, heldBy);
  const next = update(state, node.id, { drained });
  if (state.interrupted && isBeforeApply(step)) return undoDrain(next, node.id, 'untouched', 'interrupted');
  return goOn(next, node, step);
}

/** A person has drained the node while it was being changed: there is no service to wait for, and it is not given back. */
function keptOut(state: State, node: NodeState, heldBy: string): State {
  const route = node.route.filter((step) => step !== 'waitInService' && step !== 'soak');
  const kept = { drained: 'no', staysHeld: true, route, why: `held: ${heldBy}` } as const;
  return goOn(update(state, node.id, kept), { ...node, ...kept }, 'restore');
}

/** A person decides; after an interrupt nobody is asked any more. */
function held(state: State, node: NodeState, fault: ErrorInfo): State {
  const asking = {
    ...update(state, node.id, { awaits: 'person' }),
    holds: [...state.holds, { node: node.id, fault, asked: false }],
  };
  return state.interrupted ? refused(asking, node.id, fault) : asking;
}

/** A person, or an interrupt, said no to a node on hold. */
export function refused(state: State, id: string, fault: ErrorInfo): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  const stopped = stop(
    { ...state, holds: state.holds.filter((hold) => hold.node !== id) },
    `the operator answered no for ${id}`,
    fault,
    id,
  );
  if (node.step === 'soak') return over(stopped, id, 'done');
  return undoDrain(update(stopped, id, { cause: fault, failedAt: node.step }), id, 'untouched');
}

/** A person said yes. Whether a node may be drained is decided anew: the answer may have taken hours. */
export function allowed(state: State, id: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.step === 'checkDependencies') return again(state, node);
  const here = update(state, id, { awaits: undefined });
  return node.step === 'soak' ? goOn(here, node, 'soak') : here;
}

/** Nothing was drained yet: it waits for its turn like all others. */
export const again = (state: State, node: NodeState): State =>
  update(state, node.id, { phase: 'waiting', step: undefined, awaits: undefined, startReason: undefined, route: [] });

function stepFailed(state: State, node: NodeState, step: Step, result: Exclude<Result, { kind: 'ok' }>): State {
  const { fault } = result;
  const lost = result.kind === 'lost';
  const notNodesFault = result.kind === 'failed' && result.notNodesFault === true;
  // To drain it where the other balancers still answer would take a good node away from them.
  const mustDrainAgain = node.balanced && (step === 'waitInService' || step === 'soak') && !notNodesFault;
  if (node.recovering) {
    // It cannot go back: it stays out, as it is.
    const stays = update(recordFailure(state, node.id, step, fault, lost), node.id, { recovering: false });
    return mustDrainAgain && !lost ? update(stays, node.id, { step: 'drainAgain' }) : over(stays, node.id, 'failed');
  }
  if (step === 'checkDependencies' && !lost) {
    // A fault of the control plane: every other node would meet it, so how many failures are borne does not matter.
    const stopped = stop(
      update(state, node.id, { cause: fault, failedAt: step }),
      `${node.id} must not be stopped`,
      fault,
      node.id,
    );
    return undoDrain(stopped, node.id, 'untouched');
  }
  if (step === 'recheck' && notNodesFault)
    return over(stop(state, 'those done before could not be looked at', fault, node.id), node.id, 'done');
  if (step === 'recheck') return rechecked(state, node, fault, lost);
  // A person was first. Nothing of the node was changed, and no other one is concerned.
  if (isBeforeApply(step) && fault.code === 'NODE_HELD')
    return undoDrain(update(state, node.id, { cause: fault, failedAt: step }), node.id, 'skipped', fault.message);
  // Another drain has begun of what was to take its requests: the roll would find the budget used up.
  if (step === 'drain' && fault.code === 'NO_OTHER_MEMBER_UP') {
    const why = `${node.id} must not be drained`;
    return undoDrain(
      stop(update(state, node.id, { cause: fault, failedAt: step }), why, fault, node.id),
      node.id,
      'untouched',
    );
  }
  const failed = recordFailure(state, node.id, step, fault, lost);
  if (isBeforeApply(step)) return undoDrain(failed, node.id, 'failed');
  if (step === 'restore' || lost) return over(failed, node.id, 'failed');
  const recovering = node.recovers === true && !notNodesFault && !isOthers(fault);
  return update(failed, node.id, { step: mustDrainAgain ? 'drainAgain' : 'collectDiagnostics', recovering });
}

/** Faults that say nothing about what the node was changed to: it is not the change that must go. */
const NOT_ITS_CHANGE: ReadonlySet<string> = new Set(['INTERRUPTED', 'NODE_TAKEN', 'NODE_HELD', 'DRAIN_LOST']);

const isOthers = ({ code }: ErrorInfo): boolean => NOT_ITS_CHANGE.has(code);

/** Codes of gates: what was started does not work. */
const DOES_NOT_WORK: ReadonlySet<string> = new Set(['NOT_READY', 'NOT_STEADY', 'CONTAINER_EXITED']);

/**
 * A program failed before its node had its turn. If an earlier run was broken off between its change and the way back, the node may
 * go back now; whether that run left it drained is shown by a look.
 */
export function failedInStaging(state: State, id: string, fault: ErrorInfo): State {
  const failed = recordFailure(state, id, undefined, fault);
  if (nodeOf(state, id)?.recovers !== true || !DOES_NOT_WORK.has(fault.code)) return over(failed, id, 'failed');
  return update(failed, id, { phase: 'running', step: 'drainAgain', awaits: 'look', recovering: true });
}

/**
 * What a look shows of a node that may have been left drained: its drain becomes one of this run, which costs nothing where it gets no
 * requests. Otherwise, and without a look, it stays as it is.
 */
export function leftDrained(state: State, { id, seen }: NodeState): State {
  if (seen?.drainedByRun !== true || seen.inTraffic)
    return over(update(state, id, { recovering: false }), id, 'failed');
  return update(state, id, { awaits: undefined, drained: 'yes', drainedEarlier: true });
}

/** The node named in the fault is no longer well; it stays with the balancers' health checks. */
function rechecked(state: State, node: NodeState, fault: ErrorInfo, lost: boolean): State {
  const named = finished(state, node).find((id) => id === fault.host) ?? node.id;
  const failed = recordFailure(state, named, 'recheck', fault, lost);
  return over(failed, node.id, named === node.id ? 'failed' : 'done');
}

/** Cleaning up never hides why it had to be done. */
function cleanedUp(state: State, node: NodeState, step: Step, result: Result): State {
  const ok = result.kind === 'ok';
  if (step === 'drainAgain') {
    const next = ok ? state : recordFailure(state, node.id, step, result.fault);
    const recovering = node.recovering && ok;
    return update(next, node.id, { step: 'collectDiagnostics', drained: ok ? 'yes' : 'maybe', recovering });
  }
  // What failed is gone once the node has gone back: its diagnostics come first.
  if (step === 'collectDiagnostics' && node.recovering && (ok || (result.kind === 'failed' && !isOthers(result.fault))))
    return update(ok ? state : recordFailure(state, node.id, step, result.fault), node.id, {
      route: recoveryOf(node),
      step: 'recover',
    });
  if (step === 'undoDrain' && ok)
    return over(update(state, node.id, { drained: 'no' }), node.id, node.outcome ?? 'untouched');
  return over(ok ? state : recordFailure(state, node.id, step, result.fault), node.id, 'failed');
}
