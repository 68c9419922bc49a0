import type { ErrorInfo, HostCounts, RolledNode, RunEvent } from '../core/event/event.ts';
import type { Diagnostics } from '../core/play/rolling.ts';

export interface CurrentTask {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly waiting: boolean;
  readonly progress?: string;
}

/** A step of a rolling change that a node is in. */
export interface CurrentStep {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** How far the rolling change of the current play is. */
export interface RollView {
  /** Nodes that take part, in their order. */
  readonly nodes: readonly string[];
  /** When a node began, in milliseconds since the epoch. */
  readonly begun: ReadonlyMap<string, number>;
  /** Nodes that are through, with the milliseconds that each took. */
  readonly done: ReadonlyMap<string, number>;
  /** The node that the latest event made done. */
  readonly last?: string;
  /** A node whose last step is on hold. */
  readonly held?: string;
}

export interface HostView {
  readonly name: string;
  /** In the current play. */
  readonly state: 'waiting' | 'connected' | 'working' | 'ok' | 'failed' | 'unreachable' | 'skipped';
  readonly task?: CurrentTask;
  /** Gates and changes inside a step belong to it. */
  readonly step?: CurrentStep;
  readonly counts: HostCounts;
  /** What the current play would do, as far as is known. */
  readonly plan?: { readonly changes: number; readonly unknown: number; readonly tasks: number };
  /** Titles of the tasks that changed something. */
  readonly changes: readonly string[];
  readonly errors: readonly ErrorInfo[];
  /** How its command ended; only for `exec`. */
  readonly exit?: string;
}

export interface Warning {
  readonly host?: string;
  readonly message: string;
}

/** All that renderers know of a run: what the events so far add up to. */
export interface RunView {
  readonly title: string;
  readonly cluster: string;
  readonly check: boolean;
  /** The playbook's file, unless it came with the program, and whether it takes the place of one that did. */
  readonly file?: string;
  readonly replacesBuiltIn?: boolean;
  /** A command of the user's on many hosts, and no playbook. */
  readonly exec: boolean;
  /** Hosts that the run is about; others (balancers) may turn up in `hosts`. */
  readonly targets: readonly string[];
  /** Plays begun so far. */
  readonly plays: number;
  readonly play?: string;
  readonly playHosts: readonly string[];
  readonly hosts: ReadonlyMap<string, HostView>;
  readonly warnings: readonly Warning[];
  /** Why the run is on hold. */
  readonly hold?: string;
  readonly roll: RollView;
  readonly evidence: readonly { readonly host: string; readonly evidence: Diagnostics }[];
  /** How the nodes came out of rolling plays. */
  readonly rolled: Readonly<Record<string, RolledNode>>;
  readonly end?: Extract<RunEvent, { type: 'run.end' }>;
}

export const NO_COUNTS: HostCounts = { ok: 0, changed: 0, failed: 0, skipped: 0, unknown: 0, unreachable: 0 };

export const newHost = (name: string): HostView => ({
  name,
  state: 'waiting',
  counts: NO_COUNTS,
  changes: [],
  errors: [],
});

export const NO_ROLL: RollView = { nodes: [], begun: new Map(), done: new Map() };

export const EMPTY_VIEW: RunView = {
  title: '',
  cluster: '',
  check: false,
  exec: false,
  targets: [],
  plays: 0,
  playHosts: [],
  hosts: new Map(),
  warnings: [],
  roll: NO_ROLL,
  evidence: [],
  rolled: {},
};

/** Whether a node is through its rolling change. */
export const isNodeDone = ({ done }: RollView, host: string): boolean => done.has(host);

/** Whether nothing more will happen on this host in the current play. */
export const isDone = ({ state }: HostView): boolean =>
  state === 'ok' || state === 'failed' || state === 'unreachable' || state === 'skipped';
