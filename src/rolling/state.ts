import { defined } from '../core/base/data.ts';
import type { ErrorInfo } from '../core/event/event.ts';
import type { NodeInit, Observation, Options, Step } from './types.ts';

/**
 * How a node ends. Every node of the run ends in exactly one of them. `rolledBack`: its change failed, and it serves with what it ran
 * before.
 */
export type Outcome = 'done' | 'failed' | 'rolledBack' | 'untouched' | 'skipped';

/** Whether a drain of ours is on a node. `perhaps`: it, or giving it back, was ordered and has not been heard to succeed. */
export type Drained = 'no' | 'maybe' | 'yes';

/**
 * `staging`: its program has not come to its first disruptive change; `ended`: it never will; `waiting`: for its turn;
 * `running`: in its pipeline; `over`: nothing more is done with it.
 */
export type Phase = 'staging' | 'ended' | 'waiting' | 'running' | 'over';

/** Why a node has its turn: it does not serve, or only in part, or its wave has come. */
export type StartReason = 'outOfService' | 'unhealthy' | 'batch';

export interface NodeState extends NodeInit {
  readonly phase: Phase;
  readonly unhealthy: boolean;
  readonly seen: Observation | undefined;
  readonly startReason: StartReason | undefined;
  /** The steps it goes through when all goes well. */
  readonly route: readonly Step[];
  readonly step: Step | undefined;
  /** The step was commanded and has not been answered. */
  readonly ordered: boolean;
  /** What the step is not commanded without. */
  readonly awaits: 'look' | 'person' | undefined;
  /** It was drained before this run: what runs there is not known to be as it was. */
  readonly drainedEarlier: boolean;
  /** Somebody else held it when it started: it is held again afterwards. */
  readonly staysHeld: boolean;
  readonly drained: Drained;
  /** `apply` was ordered. */
  readonly changed: boolean;
  /** Its program waits to be told whether it may go on. */
  readonly waits: boolean;
  /** Nobody answers there any more. */
  readonly lost: boolean;
  /** Its change failed, and it goes back to what it ran before, or will as soon as its diagnostics are kept. */
  readonly recovering: boolean;
  readonly failedAt: Step | undefined;
  /** The first fault. */
  readonly cause: ErrorInfo | undefined;
  /** Faults of cleaning up after the first. */
  readonly also: readonly ErrorInfo[];
  /** Fixed as soon as it is known, which may be before the node is over. */
  readonly outcome: Outcome | undefined;
  readonly why: string | undefined;
}

export interface Hold {
  readonly node: string | undefined;
  readonly fault: ErrorInfo;
  readonly asked: boolean;
}

/** `node`: whose failure it was; without: everybody's own affair. */
export interface RollStop {
  readonly why: string;
  readonly fault: ErrorInfo | undefined;
  readonly node: string | undefined;
}

/** Plain data: what the machine knows. Nodes are in the order in which they are taken. */
export interface State {
  readonly options: Options;
  /** By pool: most of its members that may be unavailable at once. */
  readonly budgets: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeState[];
  /** Some node has been given a turn. */
  readonly started: boolean;
  /** `asked`: an observation is under way; `again`: it is, but something happened since it was asked. */
  readonly looking: 'no' | 'asked' | 'again';
  /** What was seen was asked for after the last thing that happened. */
  readonly fresh: boolean;
  /** `back`: up again, but nothing was observed since. */
  readonly network: 'up' | 'down' | 'back';
  readonly holds: readonly Hold[];
  /** `index`: which batch begins when no member of this one is left. */
  readonly batch: { readonly index: number; readonly members: readonly string[] };
  /** Nobody else starts. */
  readonly stopped: RollStop | undefined;
  readonly interrupted: boolean;
  readonly finished: boolean;
}

/** An earlier run has not come to its end with the node: it left it drained, or changed it and did not see whether it answers well. */
export const isUnfinished = ({ seen }: NodeState): boolean =>
  seen?.drainedByRun === true || (seen?.soaking === true && !seen.held);

export const nodeOf = (state: State, id: string): NodeState | undefined => state.nodes.find((node) => node.id === id);

export const inPhase = (state: State, ...phases: readonly Phase[]): readonly NodeState[] =>
  state.nodes.filter((node) => node.inRun && phases.includes(node.phase));

export const update = (state: State, id: string, change: Partial<NodeState>): State => ({
  ...state,
  nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
});

/** What was seen just now. Of a node without balancers nothing can be: it serves, as far as anybody knows, unless its program says otherwise. */
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

/** A node has failed: at once it counts, and one too many stops the roll. What it is found guilty of first stays its cause. */
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

/** Something happened: what was seen before, or is being looked at now, decides nothing. */
export const stale = (state: State): State => ({
  ...state,
  fresh: false,
  looking: state.looking === 'asked' ? 'again' : state.looking,
});
