import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import { isBeforeApply, recoveryOf, stepAfter } from './pipeline.ts';
import { type NodeState, nodeOf, type Outcome, over, recordFailure, type State, stop, update } from './state.ts';
import type { Result, Step } from './types.ts';

/** Applies the result of a step. A result of a step that was not ordered is ignored. */
export function answered(state: State, id: string, step: Step, result: Result): State {
  const node = nodeOf(state, id);
  if (node === undefined || node.phase !== 'running' || !node.ordered || node.step !== step) return state;
  const here = update(state, id, { ordered: false });
  if (step === 'undoDrain' || step === 'drainAgain' || step === 'collectDiagnostics')
    return cleanedUp(here, node, step, result);
  if (result.kind === 'ok') return stepSucceeded(here, node, step, result.heldBy);
  if (result.kind === 'hold' && MAY_HOLD.has(step)) return held(here, node, result.fault);
  // The interrupt itself ended the step: the node has no failure, and nothing of it was changed.
  if (state.interrupted && isBeforeApply(step) && result.kind === 'failed' && result.fault.code === 'INTERRUPTED')
    return undoDrain(here, id, 'untouched', 'interrupted');
  return stepFailed(here, node, step, result);
}

const MAY_HOLD: ReadonlySet<Step> = new Set(['checkDependencies', 'waitIdle', 'soak']);

/** Moves the node to the step after `step`, or ends it. */
export function goOn(state: State, node: NodeState, step: Step): State {
  const next = stepAfter(node.route, step);
  if (next === undefined || (next === 'recheck' && finished(state, node).length === 0))
    return over(state, node.id, node.recovering ? 'rolledBack' : 'done');
  // A node that was out of service may serve again by now, so it is read before the drain. After the drain it cannot: a
  // node out of service is idle then, if all balancers count sessions.
  const looks = node.startReason === 'outOfService' && (next === 'drain' || next === 'waitIdle');
  return update(state, node.id, { step: next, awaits: looks ? 'look' : undefined });
}

/** Nodes that this run finished earlier and that should be in service. */
export const finished = (state: State, node: NodeState): readonly string[] =>
  state.nodes
    .filter(
      ({ id, outcome, route, staysHeld }) => id !== node.id && outcome === 'done' && route.length > 0 && !staysHeld,
    )
    .map(({ id }) => id);

/** Undoes a drain of this run on a node that was not changed. A drain from before the run stays. */
export function undoDrain(state: State, id: string, outcome: Outcome, why?: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.drained === 'no' || node.drainedEarlier) return over(state, id, outcome, why);
  return update(state, id, { step: 'undoDrain', awaits: undefined, outcome, ...defined({ why }) });
}

function stepSucceeded(state: State, node: NodeState, step: Step, heldBy?: string): State {
  const drained = step === 'drain' ? 'yes' : step === 'restore' ? 'no' : node.drained;
  if (step === 'restore' && heldBy !== undefined) return staysDrained(state, node, heldBy);
  const next = update(state, node.id, { drained });
  if (state.interrupted && isBeforeApply(step)) return undoDrain(next, node.id, 'untouched', 'interrupted');
  return goOn(next, node, step);
}

/** An operator has drained the node during its change: it is not restored, so no service is waited for. */
function staysDrained(state: State, node: NodeState, heldBy: string): State {
  const route = node.route.filter((step) => step !== 'waitInService' && step !== 'soak');
  const kept = { drained: 'no', staysHeld: true, route, why: `held: ${heldBy}` } as const;
  return goOn(update(state, node.id, kept), { ...node, ...kept }, 'restore');
}

/** The operator decides. After an interrupt nothing is asked any more. */
function held(state: State, node: NodeState, fault: ErrorInfo): State {
  const asking = {
    ...update(state, node.id, { awaits: 'operator' }),
    holds: [...state.holds, { node: node.id, fault, asked: false }],
  };
  return state.interrupted ? refused(asking, node.id, fault) : asking;
}

/** The answer for a node on hold was no, from the operator or from an interrupt. */
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

/** The answer was yes. A node that is not drained yet waits again: the answer may have taken hours. */
export function allowed(state: State, id: string): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  if (node.step === 'checkDependencies') return again(state, node);
  const here = update(state, id, { awaits: undefined });
  return node.step === 'soak' ? goOn(here, node, 'soak') : here;
}

/** The node is not drained yet: it waits for its drain like all others. */
export const again = (state: State, node: NodeState): State =>
  update(state, node.id, { phase: 'waiting', step: undefined, awaits: undefined, startReason: undefined, route: [] });

function stepFailed(state: State, node: NodeState, step: Step, result: Exclude<Result, { kind: 'ok' }>): State {
  const { fault } = result;
  const lost = result.kind === 'lost';
  const notNodesFault = result.kind === 'failed' && result.notNodesFault === true;
  // Never after a balancer's own failure: draining the other balancers would take a healthy node away from them.
  const mustDrainAgain = node.balanced && (step === 'waitInService' || step === 'soak') && !notNodesFault;
  if (node.recovering) {
    // The rollback failed: the node stays drained as it is.
    const stays = update(recordFailure(state, node.id, step, fault, lost), node.id, { recovering: false });
    if (step === 'recover' && node.intact && !lost) return undoDrain(stays, node.id, 'failed');
    return mustDrainAgain && !lost ? update(stays, node.id, { step: 'drainAgain' }) : over(stays, node.id, 'failed');
  }
  if (step === 'checkDependencies' && !lost) {
    // A failure of the control plane: every other node would meet it, so `maxFailures` does not apply.
    const stopped = stop(
      update(state, node.id, { cause: fault, failedAt: step }),
      `${node.id} must not be stopped`,
      fault,
      node.id,
    );
    return undoDrain(stopped, node.id, 'untouched');
  }
  if (step === 'recheck' && notNodesFault)
    return over(stop(state, 'finished nodes could not be rechecked', fault, node.id), node.id, 'done');
  if (step === 'recheck') return rechecked(state, node, fault, lost);
  // An operator drained the node first. Nothing of it was changed, and other nodes are not concerned.
  if (isBeforeApply(step) && fault.code === 'NODE_HELD')
    return undoDrain(update(state, node.id, { cause: fault, failedAt: step }), node.id, 'skipped', fault.message);
  // Another drain has begun on the members that would take over its requests: the budget is used up.
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
  const intact = step === 'apply' && result.intact === true;
  return update(failed, node.id, { step: mustDrainAgain ? 'drainAgain' : 'collectDiagnostics', recovering, intact });
}

/** Codes that do not concern the version that the node was changed to: rolling it back would not help. */
const NOT_ITS_CHANGE: ReadonlySet<string> = new Set(['INTERRUPTED', 'NODE_TAKEN', 'NODE_HELD', 'DRAIN_LOST']);

const isOthers = ({ code }: ErrorInfo): boolean => NOT_ITS_CHANGE.has(code);

/** Codes of gates: the started service does not work. */
const DOES_NOT_WORK: ReadonlySet<string> = new Set(['NOT_READY', 'NOT_STEADY', 'CONTAINER_EXITED']);

/**
 * A program failed before its node was drained. If an earlier run stopped between change and restore, the node may
 * still go back to its previous version. A fresh observation shows whether that run left it drained.
 */
export function failedInStaging(state: State, id: string, fault: ErrorInfo): State {
  const failed = recordFailure(state, id, undefined, fault);
  if (nodeOf(state, id)?.recovers !== true || !DOES_NOT_WORK.has(fault.code)) return over(failed, id, 'failed');
  return update(failed, id, { phase: 'running', step: 'drainAgain', awaits: 'look', recovering: true });
}

/**
 * Decides about a node that may have been left drained. If it gets no requests, its drain becomes one of this run at no
 * cost. Otherwise, and without an observation, the node stays as it is.
 */
export function leftDrained(state: State, { id, seen }: NodeState): State {
  if (seen?.drainedByRun !== true || seen.inTraffic)
    return over(update(state, id, { recovering: false }), id, 'failed');
  return update(state, id, { awaits: undefined, drained: 'yes', drainedEarlier: true });
}

/** The node named in the error is no longer healthy; the balancers' health checks take care of it. */
function rechecked(state: State, node: NodeState, fault: ErrorInfo, lost: boolean): State {
  const named = finished(state, node).find((id) => id === fault.host) ?? node.id;
  const failed = recordFailure(state, named, 'recheck', fault, lost);
  return over(failed, node.id, named === node.id ? 'failed' : 'done');
}

/** Codes with which a failed node is not drained again: too few others serve. */
export const KEPT_IN_SERVICE: ReadonlySet<string> = new Set(['BUDGET_EXHAUSTED', 'NO_OTHER_MEMBER_UP']);

/** `heldBy`: an operator has drained it meanwhile, so it gets no requests all the same. */
function undone(state: State, node: NodeState, heldBy: string | undefined): State {
  const seen = heldBy === undefined || node.seen === undefined ? node.seen : { ...node.seen, inTraffic: false };
  return over(update(state, node.id, { drained: 'no', seen }), node.id, node.outcome ?? 'untouched');
}

/** A failure of the clean-up never replaces the original failure. */
function cleanedUp(state: State, node: NodeState, step: Step, result: Result): State {
  const ok = result.kind === 'ok';
  if (step === 'drainAgain') {
    const next = ok ? state : recordFailure(state, node.id, step, result.fault);
    const recovering = node.recovering && ok;
    const drained = ok ? 'yes' : KEPT_IN_SERVICE.has(result.fault.code) ? 'no' : 'maybe';
    return update(next, node.id, { step: 'collectDiagnostics', drained, recovering });
  }
  // Diagnostics come first: the rollback removes the failed container.
  if (step === 'collectDiagnostics' && node.recovering && (ok || (result.kind === 'failed' && !isOthers(result.fault))))
    return update(ok ? state : recordFailure(state, node.id, step, result.fault), node.id, {
      route: recoveryOf(node),
      step: 'recover',
    });
  if (step === 'undoDrain' && ok) return undone(state, node, result.heldBy);
  // It serves as before, so its drain is undone, as after a step before the change.
  if (step === 'collectDiagnostics' && node.intact && result.kind !== 'lost')
    return undoDrain(ok ? state : recordFailure(state, node.id, step, result.fault), node.id, 'failed');
  return over(ok ? state : recordFailure(state, node.id, step, result.fault), node.id, 'failed');
}
