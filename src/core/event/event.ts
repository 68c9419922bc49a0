import type { AnyErrorCode } from '../base/errors.ts';
import type { Deadline, Diagnostics } from '../play/rolling.ts';
import type { Patch } from '../task/change.ts';
import type { Difference } from '../task/diff.ts';

export type TaskStatus = 'ok' | 'changed' | 'failed' | 'skipped' | 'unknown';
export type Outcome = 'ok' | 'failed' | 'refused' | 'partial' | 'rolledBack' | 'locked' | 'interrupted' | 'internal';

/** Tasks of one host, counted by how they ended. `changed` under check: what would change. `unreachable` is 0 or 1. */
export interface HostCounts {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unknown: number;
  readonly unreachable: number;
}

/** An error as events carry it. */
export interface ErrorInfo {
  readonly code: AnyErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly host?: string | undefined;
  readonly task?: string | undefined;
  readonly details?: string | undefined;
  /** Only for errors nobody foresaw. */
  readonly stack?: string | undefined;
}

/** What became of one node of a roll. */
export interface RolledNode {
  readonly state: 'done' | 'unchanged' | 'failed' | 'rolledBack' | 'untouched' | 'skipped';
  /** `out of traffic`, `in traffic`, as far as is known. */
  readonly traffic: 'in' | 'out' | 'unknown';
  /** Why, when it is not done. */
  readonly cause?: string;
  /** The command that puts right what was left. */
  readonly next?: string;
  /** It was stopped, as the play says: `next` starts it again. */
  readonly stopped?: true;
}

/** A difference made fit to show: hidden values are `***` on both sides. */
export type ShownDifference = Difference;

/** Most members of pools that may be out of service at once; all of these pools have the same `members`. None: nodes in no pool. */
export interface PoolBudget {
  readonly pools: readonly string[];
  readonly maxUnavailable: number;
  readonly members: number;
}

/** What happens in a run, in order. `emit` numbers, dates and redacts them; renderers draw them; nothing else does. */
export type RunEvent =
  | {
      readonly type: 'run.start';
      readonly title: string;
      readonly cluster: string;
      /** Id of the run; one that changes no host has none. */
      readonly run?: string;
      readonly check: boolean;
      readonly hosts: readonly string[];
      /** The playbook's file, unless it came with the program. */
      readonly file?: string;
      /** A playbook that came with the program has the same name. */
      readonly replacesBuiltIn?: boolean;
    }
  | { readonly type: 'play.start'; readonly play: string; readonly hosts: readonly string[] }
  | { readonly type: 'host.connected'; readonly host: string; readonly durationMs: number }
  | { readonly type: 'host.unreachable'; readonly host: string; readonly error: ErrorInfo }
  /** Provisional: what the host's tasks would do, seen from before the first write. */
  | {
      readonly type: 'host.plan';
      readonly host: string;
      readonly play: string;
      readonly changes: number;
      readonly unknown: number;
      readonly tasks: number;
    }
  /** A task that takes time has begun: a write, or a gate that waits. */
  | {
      readonly type: 'task.start';
      readonly host: string;
      readonly play: string;
      readonly task: string;
      readonly kind: string;
      readonly waiting: boolean;
    }
  | { readonly type: 'task.progress'; readonly host: string; readonly task: string; readonly text: string }
  /** The only event that counts. Strictly in yield order per host. */
  | {
      readonly type: 'task.end';
      readonly host: string;
      readonly play: string;
      readonly task: string;
      readonly kind: string;
      readonly status: TaskStatus;
      readonly differences: readonly ShownDifference[];
      readonly patch?: Patch;
      /** Why unknown, why skipped. */
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
  /** Before the first node is taken out of traffic: who, in which waves, within which limits. */
  | {
      readonly type: 'roll.plan';
      readonly play: string;
      readonly waves: readonly (readonly string[])[];
      readonly budgets: readonly PoolBudget[];
      readonly deadlines: readonly Deadline[];
    }
  /** One step of one node on its way out of traffic and back. */
  | {
      readonly type: 'roll.step';
      readonly play: string;
      readonly host: string;
      readonly step: string;
      /** Position among the numbered steps of the node's own route, from 1. Checks of other things have none. */
      readonly index?: number;
      /** Numbered steps of that route. */
      readonly of?: number;
      readonly status: 'begun' | 'ok' | 'failed' | 'held';
      /** Why it failed or waits; of a soak that begins: how long it takes. */
      readonly note?: string;
      readonly durationMs: number;
    }
  /** The run waits for the operator's answer, or has got it. */
  | {
      readonly type: 'roll.hold';
      readonly play: string;
      /** The node that it is about; none where the views of the balancers are incomplete. */
      readonly host?: string;
      readonly waiting: boolean;
      readonly why: string;
      /** When it no longer waits: whether the answer was yes. */
      readonly answer?: boolean;
    }
  | { readonly type: 'roll.evidence'; readonly host: string; readonly evidence: Diagnostics }
  /** How every node of the play came out of it. */
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
  /** Something to know about the whole run; nothing is wrong. */
  | { readonly type: 'note'; readonly message: string }
  | {
      readonly type: 'run.end';
      readonly outcome: Outcome;
      readonly exitCode: number;
      readonly check: boolean;
      readonly hosts: Readonly<Record<string, HostCounts>>;
      readonly errors: readonly ErrorInfo[];
      /** The command that goes on, when the run ended before everything was as stated. */
      readonly goOn?: string;
      readonly durationMs: number;
    };

export type NumberedEvent = RunEvent & { readonly seq: number; readonly time: string };

/** Takes events as they are made. */
export type Emit = (event: RunEvent) => void;
