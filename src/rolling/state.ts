import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { NodeInit, Observation, Options, Step } from './types.ts';

/**
 * How a node ends: exactly one of these for each node of the run. `rolledBack`: its change failed, and it serves with
 * its previous version.
 */
export type Outcome = 'done' | 'failed' | 'rolledBack' | 'untouched' | 'skipped';

/** Whether a drain of api7-orch is on a node. `maybe`: a drain or restore was sent, and its result is unknown. */
export type Drained = 'no' | 'maybe' | 'yes';

/**
 * `staging`: its program has not reached its first disruptive change; `ended`: it never will; `waiting`: it waits for
 * its drain; `running`: its steps run; `over`: nothing more happens to it.
 */
export type Phase = 'staging' | 'ended' | 'waiting' | 'running' | 'over';

/** Why a node starts: it is out of service, it is unhealthy, or its batch has come. */
export type StartReason = 'outOfService' | 'unhealthy' | 'batch';

export interface NodeState extends NodeInit {
  readonly phase: Phase;
  readonly unhealthy: boolean;
  readonly seen: Observation | undefined;
  readonly startReason: StartReason | undefined;
  /** The node's steps in order, if all of them succeed. */
  readonly route: readonly Step[];
  readonly step: Step | undefined;
  /** The step was ordered and has no result yet. */
  readonly ordered: boolean;
  /** What must come before the step is ordered: an observation, or the operator's answer. */
  readonly awaits: 'look' | 'operator' | undefined;
  /** It was drained before this run: its services may be in any state. */
  readonly drainedEarlier: boolean;
  /** It was held externally when it started: it is held again afterwards. */
  readonly staysHeld: boolean;
  readonly drained: Drained;
  /** Whether `apply` was ordered. */
  readonly changed: boolean;
  /** `apply` failed before it stopped or changed the service of the node. */
  readonly intact: boolean;
  /** Its program waits for permission to continue. */
  readonly waits: boolean;
  /** The connection to it was lost. */
  readonly lost: boolean;
  /** Its change failed, and it returns to its previous version, now or once its diagnostics are collected. */
  readonly recovering: boolean;
  readonly failedAt: Step | undefined;
  /** The first failure. */
  readonly cause: ErrorInfo | undefined;
  /** Failures of the clean-up after the first one. */
  readonly also: readonly ErrorInfo[];
  /** Set as soon as it is known, possibly before the node is over. */
  readonly outcome: Outcome | undefined;
  readonly why: string | undefined;
}

interface Hold {
  readonly node: string | undefined;
  readonly fault: ErrorInfo;
  readonly asked: boolean;
}

/** `node`: the node whose failure stopped the rolling change; undefined: no single node's. */
interface RollStop {
  readonly why: string;
  readonly fault: ErrorInfo | undefined;
  readonly node: string | undefined;
}

/** All that the machine knows, as plain data. Nodes are in the order of their change. */
export interface State {
  readonly options: Options;
  /** By pool: the most members that may be unavailable at once. */
  readonly budgets: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeState[];
  /** Some node has been started. */
  readonly started: boolean;
  /** `asked`: an observation is under way; `again`: one is under way, but something happened since it began. */
  readonly looking: 'no' | 'asked' | 'again';
  /** The last observation began after the last event. */
  readonly fresh: boolean;
  /** `back`: up again, but not observed since. */
  readonly network: 'up' | 'down' | 'back';
  readonly holds: readonly Hold[];
  /** `index`: the number of the batch that begins when no member of this one is left. */
  readonly batch: { readonly index: number; readonly members: readonly string[] };
  /** Set: no further node starts. */
  readonly stopped: RollStop | undefined;
  readonly interrupted: boolean;
  readonly finished: boolean;
}

/** An earlier run has not finished the node: it left it drained, or changed it without a passed soak. */
export const isUnfinished = ({ seen }: Pick<NodeState, 'seen'>): boolean =>
  seen?.drainedByRun === true || (seen?.soaking === true && !seen.held);

/** Held and not to be changed, by the last observation. */
export const isSkipped = ({ options }: Pick<State, 'options'>, { seen }: Pick<NodeState, 'seen'>): boolean =>
  seen?.held === true && !seen.drainedByRun && !options.includeHeld;

/** Who holds a node, for people. */
export const heldWords = ({ seen }: Pick<NodeState, 'seen'>): string =>
  seen?.heldBy ?? 'it was drained outside this run';

export const nodeOf = (state: State, id: string): NodeState | undefined => state.nodes.find((node) => node.id === id);

export const inPhase = (state: State, ...phases: readonly Phase[]): readonly NodeState[] =>
  state.nodes.filter((node) => node.inRun && phases.includes(node.phase));

export const update = (state: State, id: string, change: Partial<NodeState>): State => ({
  ...state,
  nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
});

/**
 * Sets the observations. Nodes without balancers cannot be observed: they count as serving unless their program reports
 * otherwise.
 */
export const withSeen = (state: State, seen: Readonly<Record<string, Observation>>): State => ({
  ...state,
  nodes: state.nodes.map((node) => (node.balanced ? { ...node, seen: seen[node.id] } : node)),
});

export const stop = (state: State, why: string, fault?: ErrorInfo, node?: string): State =>
  state.stopped === undefined ? { ...state, stopped: { why, fault, node } } : state;

export const over = (state: State, id: string, outcome: Outcome, why?: string): State =>
  update(state, id, {
    phase: 'over',
    ordered: false,
    awaits: undefined,
    outcome,
    ...defined({ why }),
  });

/**
 * Records a failure of a node. It counts at once, and one failure too many stops the rolling change. The first failure
 * stays the cause.
 */
export function recordFailure(state: State, id: string, step: Step | undefined, fault: ErrorInfo, lost = false): State {
  const node = nodeOf(state, id);
  if (node === undefined) return state;
  const known = node.cause !== undefined;
  const next = update(state, id, {
    outcome: 'failed',
    lost: node.lost || lost,
    ...(known ? { also: [...node.also, fault] } : { cause: fault, failedAt: step }),
  });
  const failures = next.nodes.filter(({ outcome }) => outcome === 'failed' || outcome === 'rolledBack').length;
  return failures > state.options.maxFailures ? stop(next, `${id} failed`, fault, id) : next;
}

/** After an event: earlier observations, and one that is under way, decide nothing. */
export const stale = (state: State): State => ({
  ...state,
  fresh: false,
  looking: state.looking === 'asked' ? 'again' : state.looking,
});
