import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import { type Drained, type NodeState, nodeOf, type Outcome, type State } from './state.ts';
import type { Step } from './types.ts';

/** The result of a rolling change for one node. */
export interface NodeEnd {
  /** `unchanged`: done, without a disruptive change. */
  readonly state: Outcome | 'unchanged';
  /** The step that failed, or the last step reached. */
  readonly step: Step | undefined;
  /** Whether its balancers send it traffic, as far as known. */
  readonly traffic: 'in' | 'out' | 'unknown';
  /** Whether a drain of api7-orch is on the node, which only a restore ends. */
  readonly drained: Drained;
  readonly lost: boolean;
  /** An earlier run did not pass its soak, and this one ended before it did. */
  readonly soakDue: boolean;
  /** Why it is not done. */
  readonly fault: ErrorInfo | undefined;
  /** Failures of the clean-up afterwards. */
  readonly also: readonly ErrorInfo[];
  readonly why: string | undefined;
  /** What to do about it, one sentence; undefined: nothing. */
  readonly goOn: string | undefined;
}

/** How the node ended; undefined while it may still change, and for nodes outside of the run. */
export function endOf(state: State, id: string): NodeEnd | undefined {
  const node = nodeOf(state, id);
  if (!node?.inRun || node.phase !== 'over' || node.outcome === undefined) return undefined;
  return {
    state: node.outcome === 'done' && node.route.length === 0 ? 'unchanged' : node.outcome,
    step: node.failedAt ?? node.step,
    traffic: trafficOf(node),
    drained: node.drained,
    lost: node.lost,
    soakDue: state.stopped !== undefined && node.route.length === 0 && node.seen?.soaking === true && !node.seen.held,
    fault: node.outcome === 'done' ? undefined : node.cause,
    also: node.also,
    why: node.why ?? node.cause?.message,
    goOn: adviceFor(node),
  };
}

/**
 * Why the run is no success although the node's program did not fail: the node is still drained, or the operator
 * answered no.
 */
export function shortfallOf(state: State, id: string): ErrorInfo | undefined {
  const node = nodeOf(state, id);
  const { stopped } = state;
  if (node === undefined || stopped === undefined) return undefined;
  if (node.outcome === 'done') return stopped.node === id ? stopped.fault : undefined;
  if (node.outcome !== 'untouched') return undefined;
  const hint = adviceFor(node);
  const message = `${id} is still drained: ${stopped.why}`;
  return { code: 'NOT_RESTORED', message, host: id, ...defined({ hint }) };
}

function trafficOf(node: NodeState): NodeEnd['traffic'] {
  if (node.drained === 'yes') return 'out';
  if (node.drained === 'maybe' || node.lost || node.unreachable) return 'unknown';
  if ((node.outcome === 'done' || node.outcome === 'rolledBack') && node.route.length > 0)
    return node.staysHeld ? 'out' : 'in';
  if (node.seen === undefined) return node.balanced ? 'unknown' : 'in';
  return node.seen.inTraffic ? 'in' : 'out';
}

function adviceFor(node: NodeState): string | undefined {
  if (node.outcome === 'done' && node.drained !== 'maybe') return undefined;
  if (node.outcome === 'rolledBack')
    return 'it serves with what it ran before: correct what failed, then run the same command again';
  if (node.drained === 'yes')
    return node.changed
      ? 'the node stays drained: repair it and run the same command to resume, or restore it as it is'
      : 'it is drained and was not changed: run the same command again, or restore it as it is';
  if (node.drained === 'maybe') return 'it may still be drained: restore it, or run the same command again';
  if (node.outcome === 'skipped' && node.cause !== undefined) return node.cause.hint;
  if (node.lost || node.unreachable) return 'make it reachable again, then run the same command to resume';
  return node.outcome === 'failed'
    ? 'repair what failed, then run the same command to resume'
    : 'nothing of it was changed: run the same command again';
}

export const isDone = (end: NodeEnd | undefined): boolean => end?.state === 'done' || end?.state === 'unchanged';
