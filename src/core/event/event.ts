import type { AnyErrorCode } from '../base/errors.ts';
import type { Deadline, Diagnostics } from '../play/rolling.ts';
import type { Patch } from '../task/change.ts';
import type { Difference } from '../task/diff.ts';

export type TaskStatus = 'ok' | 'changed' | 'failed' | 'skipped' | 'unknown';
export type Outcome = 'ok' | 'failed' | 'refused' | 'partial' | 'rolledBack' | 'locked' | 'interrupted' | 'internal';

/** Tasks of one host, counted by result. `changed` in check mode: planned changes. `unreachable` is 0 or 1. */
export interface HostCounts {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unknown: number;
  readonly unreachable: number;
}

export const NO_COUNTS: HostCounts = { ok: 0, changed: 0, failed: 0, skipped: 0, unknown: 0, unreachable: 0 };

/** An error in the form that events carry. */
export interface ErrorInfo {
  readonly code: AnyErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly task?: string | undefined;
  readonly details?: string | undefined;
  /** Only for unexpected errors. */
  readonly stack?: string | undefined;
}

/** The result of a rolling change for one node. */
export interface RolledNode {
  readonly state: 'done' | 'unchanged' | 'failed' | 'rolledBack' | 'untouched' | 'skipped';
  /** `in`: in service; `out`: drained; `unknown` if no balancer view is known. */
  readonly traffic: 'in' | 'out' | 'unknown';
  /** The reason, if the node is not done. */
  readonly cause?: string;
  /** The command that repairs what is left. */
  readonly next?: string;
  /** An earlier run changed it and did not pass its soak, nor did this one: the next run soaks it. */
  readonly soakDue?: true;
  /** The play stopped the node on purpose: `next` starts it again. */
  readonly stopped?: true;
}

/** A difference ready to print: hidden values are `***` on both sides. */
export type ShownDifference = Difference;

/** A node that goes before all batches of a rolling change. */
export interface FirstNode {
  readonly host: string;
  /**
   * An earlier run left it `drained` or did not pass its `soak`; no balancer sends it requests (`outOfService`), or not
   * all of them do; the playbook found it `unhealthy`.
   */
  readonly why: 'drained' | 'soak' | 'outOfService' | 'partlyInService' | 'unhealthy';
  /** False: nothing of it changes, and only what the earlier run left is made up for. */
  readonly changes: boolean;
}

/**
 * Most members that may be out of service at once, for pools with the same `members`. No pools: nodes outside of all
 * pools.
 */
export interface PoolBudget {
  readonly pools: readonly string[];
  readonly maxUnavailable: number;
  readonly members: number;
}

/** What happens in a run, in order. `emit` numbers, dates and redacts events; only renderers print them. */
export type RunEvent =
  | {
      readonly type: 'run.start';
      readonly title: string;
      /** The command that an operator typed, without `api7-orch`, the inventory and secrets; absent: the title. */
      readonly command?: string;
      readonly cluster: string;
      /** Id of the run; absent if the run changes no host. */
      readonly run?: string;
      readonly check: boolean;
      readonly hosts: readonly string[];
      /** The playbook's file; absent for a built-in playbook. */
      readonly file?: string;
      /** A built-in playbook has the same name. */
      readonly replacesBuiltIn?: boolean;
    }
  | { readonly type: 'play.start'; readonly play: string; readonly hosts: readonly string[] }
  | { readonly type: 'host.connected'; readonly host: string; readonly durationMs: number }
  | { readonly type: 'host.unreachable'; readonly host: string; readonly error: ErrorInfo }
  /** Provisional: what the host's tasks would do, planned before the first write. */
  | {
      readonly type: 'host.plan';
      readonly host: string;
      readonly play: string;
      readonly changes: number;
      readonly unknown: number;
      readonly tasks: number;
    }
  /** A task that takes time has started: a write, or a gate that waits. */
  | {
      readonly type: 'task.start';
      readonly host: string;
      readonly play: string;
      readonly task: string;
      readonly kind: string;
      readonly waiting: boolean;
    }
  | { readonly type: 'task.progress'; readonly host: string; readonly task: string; readonly text: string }
  /** The result of a task; the only event that counts are taken from. In yield order per host. */
  | {
      readonly type: 'task.end';
      readonly host: string;
      readonly play: string;
      readonly task: string;
      readonly kind: string;
      readonly status: TaskStatus;
      readonly differences: readonly ShownDifference[];
      readonly patch?: Patch;
      /** Reason for `unknown` or `skipped`. */
      readonly note?: string;
      readonly error?: ErrorInfo;
      readonly durationMs: number;
    }
  | {
      readonly type: 'host.end';
      readonly host: string;
      readonly play: string;
      readonly status: 'ok' | 'failed' | 'unreachable' | 'skipped';
      readonly durationMs: number;
    }
  /** Before the first drain: nodes, batches and limits. */
  | {
      readonly type: 'roll.plan';
      readonly play: string;
      /** Nodes that go before the batches; absent: none. They are the first element of `waves`. */
      readonly first?: readonly FirstNode[];
      /** Nodes that are not changed, with the reason: held ones, and unreachable ones; absent: none. */
      readonly skipped?: readonly { readonly host: string; readonly why: string }[];
      /** Duration of a soak. */
      readonly soak?: string;
      readonly waves: readonly (readonly string[])[];
      readonly budgets: readonly PoolBudget[];
      readonly deadlines: readonly Deadline[];
    }
  /** One step of one node's rolling change. */
  | {
      readonly type: 'roll.step';
      readonly play: string;
      readonly host: string;
      readonly step: string;
      /**
       * Position among the numbered steps of the node's own route, from 1. Dependency checks and rechecks have none.
       */
      readonly index?: number;
      /** Number of numbered steps in that route. */
      readonly of?: number;
      /** `notNeeded`: the node continues without this step. */
      readonly status: 'begun' | 'ok' | 'failed' | 'held' | 'notNeeded';
      /** Reason for a failure, a pause, or a step that is not needed; at the start of a soak: its duration. */
      readonly note?: string;
      readonly durationMs: number;
    }
  /** The run is on hold until the operator answers, or has received the answer. */
  | {
      readonly type: 'roll.hold';
      readonly play: string;
      /** The node concerned; absent if the views of the balancers are incomplete. */
      readonly host?: string;
      readonly waiting: boolean;
      readonly why: string;
      /** What the operator can do about it. */
      readonly hint?: string;
      /** At the end of the pause: whether the answer was yes. */
      readonly answer?: boolean;
    }
  | { readonly type: 'roll.evidence'; readonly host: string; readonly evidence: Diagnostics }
  /** The result for each node of the play. */
  | { readonly type: 'roll.end'; readonly play: string; readonly nodes: Readonly<Record<string, RolledNode>> }
  | { readonly type: 'play.end'; readonly play: string; readonly ok: boolean }
  | { readonly type: 'exec.output'; readonly host: string; readonly stream: 'stdout' | 'stderr'; readonly line: string }
  | {
      readonly type: 'exec.end';
      readonly host: string;
      readonly code: number | null;
      readonly signal?: string;
      readonly error?: ErrorInfo;
      readonly durationMs: number;
    }
  | { readonly type: 'warning'; readonly host?: string; readonly message: string }
  /** Information about the whole run; no error. */
  | { readonly type: 'note'; readonly message: string }
  | {
      readonly type: 'run.end';
      readonly outcome: Outcome;
      readonly exitCode: number;
      readonly check: boolean;
      readonly hosts: Readonly<Record<string, HostCounts>>;
      readonly errors: readonly ErrorInfo[];
      /** The command that resumes the run, if it ended early. */
      readonly goOn?: string;
      readonly durationMs: number;
    };

export type NumberedEvent = RunEvent & { readonly seq: number; readonly time: string };

/** Receives events in the order of their creation. */
export type Emit = (event: RunEvent) => void;
