import { type ErrorInfo, type HostCounts, NO_COUNTS, type RolledNode, type RunEvent } from '../core/event/event.ts';
import type { Diagnostics } from '../core/play/rolling.ts';

interface CurrentTask {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly waiting: boolean;
  readonly progress?: string;
}

/** A node's current step of a rolling change. */
interface CurrentStep {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Progress of the current play's rolling change. */
export interface RollView {
  /** Participating nodes, in order. */
  readonly nodes: readonly string[];
  /** Start time of each node, in milliseconds since the epoch. */
  readonly begun: ReadonlyMap<string, number>;
  /** Finished nodes, with their durations in milliseconds. */
  readonly done: ReadonlyMap<string, number>;
  /** The node that the latest event finished. */
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
  /** Why its latest task was skipped. */
  readonly whySkipped?: string;
  /** Titles of tasks with changes. */
  readonly changes: readonly string[];
  readonly errors: readonly ErrorInfo[];
  /** Old containers that are in service again after a failed adoption. */
  readonly oldContainers?: number;
  /** Exit of its command; only for `exec`. */
  readonly exit?: string;
}

/** The renderers' knowledge of a run: the sum of its events so far. */
export interface RunView {
  readonly title: string;
  readonly cluster: string;
  readonly check: boolean;
  /** The playbook's file, absent for a built-in playbook, and whether it replaces a built-in one. */
  readonly file?: string;
  readonly replacesBuiltIn?: boolean;
  /** A user's command on many hosts, without a playbook. */
  readonly exec: boolean;
  /** Hosts of the run; `hosts` may contain others (balancers). */
  readonly targets: readonly string[];
  /** Number of started plays. */
  readonly plays: number;
  readonly play?: string;
  readonly playHosts: readonly string[];
  readonly hosts: ReadonlyMap<string, HostView>;
  /** Why the run is on hold. */
  readonly hold?: string;
  readonly roll: RollView;
  readonly evidence: readonly { readonly host: string; readonly evidence: Diagnostics }[];
  /** Results of the nodes of rolling plays. */
  readonly rolled: Readonly<Record<string, RolledNode>>;
  readonly end?: Extract<RunEvent, { type: 'run.end' }>;
}

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
  roll: NO_ROLL,
  evidence: [],
  rolled: {},
};

/** Whether a node has finished its rolling change. */
export const isNodeDone = ({ done }: RollView, host: string): boolean => done.has(host);

/** Whether nothing more will happen on this host in the current play. */
export const isDone = ({ state }: HostView): boolean =>
  state === 'ok' || state === 'failed' || state === 'unreachable' || state === 'skipped';
