import type { ErrorInfo } from '../core/event/event.ts';
import type { Count } from '../core/play/count.ts';
import type { NodeView } from '../core/play/rolling.ts';

/**
 * The steps that the machine may order for one node. `apply` is the node's own program from its first disruptive change
 * on; `Traffic` has programs for the others. `undoDrain`: restore a node that was not changed. `drainAgain`: drain a
 * node that failed after its restore. `collectDiagnostics`: keep logs and states that show the cause. `recover`: roll
 * the node back to its previous version.
 */
export type Step =
  | 'checkDependencies'
  | 'drain'
  | 'waitIdle'
  | 'apply'
  | 'waitReady'
  | 'restore'
  | 'waitInService'
  | 'soak'
  | 'recheck'
  | 'undoDrain'
  | 'drainAgain'
  | 'collectDiagnostics'
  | 'recover';

export interface Options {
  readonly canary: number;
  readonly batch: Count | readonly Count[] | undefined;
  readonly maxUnavailable: Count;
  readonly maxFailures: number;
  readonly order: readonly string[];
  readonly includeHeld: boolean;
  /** Stopped nodes are not restored. */
  readonly leaveDrained: boolean;
}

/** A member of the pools. `inRun`: the play changes it; others only count. */
export interface NodeInit {
  readonly id: string;
  readonly inRun: boolean;
  /** It has balancers; without them the traffic steps are left out. */
  readonly balanced: boolean;
  /** No connection could be made when the run began (`--skip-unreachable`): it counts as unavailable and is skipped. */
  readonly unreachable: boolean;
  /** If its change fails, the node returns to its previous version. Default: it stays drained. */
  readonly recovers?: boolean;
  /** Names of its pools, each with its own budget. Nodes in no pool share one. */
  readonly pools?: readonly string[];
}

/**
 * The last observation of a node. `held` under a lease of a run: in that way before, so the restore leaves it drained.
 * `soaking`: by an earlier run, which ended before the soak was passed.
 */
export type Observation = Omit<NodeView, 'shown'>;

export type Result =
  /** `heldBy`, after a restore: who keeps the node drained, for people. */
  | { readonly kind: 'ok'; readonly heldBy?: string }
  /**
   * The step failed; `fault` is the error in the form of events. `notNodesFault`: a balancer's failure, not the node's.
   * `intact`, after `apply`: its service was neither stopped nor changed.
   */
  | {
      readonly kind: 'failed';
      readonly fault: ErrorInfo;
      readonly notNodesFault?: boolean;
      readonly intact?: boolean;
    }
  /** The connection was lost: whether the step took effect is unknown. */
  | { readonly kind: 'lost'; readonly fault: ErrorInfo }
  /**
   * The operator must decide (the drain took too long with policy `hold`, the soak was inconclusive). Only for
   * checkDependencies, waitIdle and soak.
   */
  | { readonly kind: 'hold'; readonly fault: ErrorInfo; readonly intact?: boolean };

export type Event =
  /** The node's program was planned. `unhealthy`: a gate is not met, or a service does not exist. */
  | { readonly type: 'planned'; readonly node: string; readonly unhealthy: boolean }
  /** Staged: its next change can interrupt traffic. */
  | { readonly type: 'needsDrain'; readonly node: string }
  /**
   * Its program ended without needing a drain; or, not ok, after its node was restored and done. Without `fault`:
   * aborted.
   */
  | { readonly type: 'ended'; readonly node: string; readonly ok: boolean; readonly fault?: ErrorInfo }
  /** Answer to the command `observe`: all members that could be observed. */
  | { readonly type: 'observed'; readonly nodes: Readonly<Record<string, Observation>> }
  /** A balancer did not respond: nothing is known. */
  | { readonly type: 'observeFailed'; readonly fault: ErrorInfo }
  | { readonly type: 'stepDone'; readonly node: string; readonly step: Step; readonly result: Result }
  /**
   * No host responds: the controller's own network is down. Nothing starts until it is back and everything was observed
   * again.
   */
  | { readonly type: 'network'; readonly up: boolean }
  /** The operator's answer to the command `hold`. */
  | { readonly type: 'answered'; readonly go: boolean }
  | { readonly type: 'interrupted' };

export type Command =
  | { readonly do: 'observe' }
  /** `nodes`: the nodes of a `recheck`. */
  | { readonly do: 'step'; readonly node: string; readonly step: Step; readonly nodes?: readonly string[] }
  /** Refuses the node's waiting program: its node will not be drained. */
  | {
      readonly do: 'refuse';
      readonly node: string;
      readonly why: string;
      /** The node's own reason; absent if another node failed or the run was interrupted. */
      readonly own?: ErrorInfo;
    }
  /** Asks the operator; one question at a time. Without a node: a balancer does not respond. */
  | { readonly do: 'hold'; readonly node?: string; readonly fault: ErrorInfo }
  /** No node can do anything more. */
  | { readonly do: 'finish' };
