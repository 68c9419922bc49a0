import type { ErrorInfo } from '../core/event/event.ts';
import type { Count } from '../core/play/count.ts';

/**
 * What the machine may order for one node. `apply` is the node's own program from its first disruptive change on; the others are
 * what `Traffic` has programs for. `undoDrain`: restore a node of which nothing was changed. `drainAgain`: take out a node that
 * failed after it was restored. `collectDiagnostics`: keep what shows why it failed. `recover`: the node goes back to what it ran
 * before its change.
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
  /** What was stopped is not given back. */
  readonly leaveDrained: boolean;
}

/** A node of the role. `inRun`: the play works on it; others only count. */
export interface NodeInit {
  readonly id: string;
  readonly inRun: boolean;
  /** It has balancers to be taken out of: else the steps about traffic are left out. */
  readonly balanced: boolean;
  /** Nobody could connect to it when the run began (`--skip-unreachable`): counts as unavailable, is skipped. */
  readonly unreachable: boolean;
  /** When its change fails, the node goes back to what it ran before. Default: it stays drained. */
  readonly recovers?: boolean;
  /** Names of its pools, each with a budget of its own. Nodes in no pool share one. */
  readonly pools?: readonly string[];
}

/** What was seen of a node just now. */
export interface Observation {
  /** Some balancer gives it requests, or still has some running there. */
  readonly inTraffic: boolean;
  /** Taken out by somebody else, or by a person on record; under a lease of a run: that is what the lease gives back. */
  readonly held: boolean;
  /** Taken out by this run or an earlier one. */
  readonly drainedByRun: boolean;
  /** An earlier run has changed it and given it all of its traffic again, and was broken off before its soak was passed. */
  readonly soaking?: boolean;
  /** Some balancer does not count: that none gives it requests does not mean that none runs there. */
  readonly uncounted?: boolean;
  /** In full service on all its balancers. */
  readonly up: boolean;
  /** Who holds it, for people; left out: nobody, or that is not known. */
  readonly heldBy?: string;
  /** Servers of it that are not in service, for people; left out: none, or that is not known. */
  readonly notUp?: string;
}

export type Result =
  /** `heldBy`: of a restore: who keeps the node out of traffic, for people. */
  | { readonly kind: 'ok'; readonly heldBy?: string }
  /** Known to have failed; `fault` is the error as events carry it. `elsewhere`: a balancer's, the node itself is not blamed. */
  | { readonly kind: 'failed'; readonly fault: ErrorInfo; readonly notNodesFault?: boolean }
  /** Nobody answers there any more: whether it happened is not known. */
  | { readonly kind: 'lost'; readonly fault: ErrorInfo }
  /** A person must decide (drain took too long with policy hold, soak was inconclusive). Only of guard, prove and soak. */
  | { readonly kind: 'hold'; readonly fault: ErrorInfo };

export type Event =
  /** The node's program was planned. `troubled`: a gate is not met, or something that serves is not there. */
  | { readonly type: 'planned'; readonly node: string; readonly unhealthy: boolean }
  /** Staged; the next thing it would do disrupts what serves. */
  | { readonly type: 'needsDrain'; readonly node: string }
  /** Its program ended without ever wanting a turn; or, not ok, after its node was given back and done. No fault: broken off. */
  | { readonly type: 'ended'; readonly node: string; readonly ok: boolean; readonly fault?: ErrorInfo }
  /** Answer to the command `observe`: every node of the role that could be seen. */
  | { readonly type: 'observed'; readonly nodes: Readonly<Record<string, Observation>> }
  /** A balancer does not answer: nothing is known. */
  | { readonly type: 'observeFailed'; readonly fault: ErrorInfo }
  | { readonly type: 'stepDone'; readonly node: string; readonly step: Step; readonly result: Result }
  /** No host answers: the controller's own network. Nothing is started until it is back and everything was observed again. */
  | { readonly type: 'network'; readonly up: boolean }
  /** A person's answer to the command `hold`. */
  | { readonly type: 'answered'; readonly go: boolean }
  | { readonly type: 'interrupted' };

export type Command =
  | { readonly do: 'observe' }
  /** `nodes`: whom a `recheck` looks at. */
  | { readonly do: 'step'; readonly node: string; readonly step: Step; readonly nodes?: readonly string[] }
  /** The node's waiting program is told that its turn will not come. */
  | {
      readonly do: 'refuse';
      readonly node: string;
      readonly why: string;
      /** Why, unless it is that another node failed or that the run was interrupted. */
      readonly own?: ErrorInfo;
    }
  /** Asks a person; one question at a time. Without a node: a balancer does not answer. */
  | { readonly do: 'hold'; readonly node?: string; readonly fault: ErrorInfo }
  /** Everything that can be is over. */
  | { readonly do: 'finish' };
