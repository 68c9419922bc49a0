import type { ErrorInfo, HostCounts, RolledNode, RunEvent } from '../core/event/event.ts';
import type { Diagnostics } from '../core/play/rolling.ts';

export interface CurrentTask {
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly waiting: boolean;
  readonly progress?: string;
}

export interface HostView {
  readonly name: string;
  /** In the current play. */
  readonly state: 'waiting' | 'connected' | 'working' | 'ok' | 'failed' | 'unreachable' | 'skipped';
  readonly task?: CurrentTask;
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
  /** Why everything waits. */
  readonly hold?: string;
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
  evidence: [],
  rolled: {},
};

/** Whether nothing more will happen on this host in the current play. */
export const isDone = ({ state }: HostView): boolean =>
  state === 'ok' || state === 'failed' || state === 'unreachable' || state === 'skipped';
