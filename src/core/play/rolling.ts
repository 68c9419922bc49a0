import type { Counters } from '../host/balancer.ts';
import type { Steps } from '../task/task.ts';
import type { Count } from './count.ts';

/** How a play drains, changes and restores its hosts. */
export interface RollingOptions {
  /** Number of serving nodes that go first, one by one, before the batches. Default 0. */
  readonly canary?: number;
  /**
   * Sizes of the batches, the last one repeated. A share rounds down, to at least 1. Default: as many as the budget
   * allows.
   */
  readonly batch?: Count | readonly Count[];
  /** Most members of each pool out of service at any instant, for any reason; a share is of that pool. Default 1. */
  readonly maxUnavailable?: Count;
  /** The rolling change continues after this many failures. Default 0. */
  readonly maxFailures?: number;
  /** Names of nodes in the order of their change; other nodes follow in the inventory's order. */
  readonly order?: readonly string[];
  /** How long a restored node is observed before the next node is drained: `10s`, the default. */
  readonly soak?: string;
  /**
   * Share of its traffic that a restored node gets during its soak, if its balancers support it; all of its traffic
   * follows after a clean soak. Applies until `canary` nodes, at least one, have passed their soak. `100%`: all traffic
   * at once. Default `10%`.
   */
  readonly canaryWeight?: string;
  /** Leaves stopped nodes drained. */
  readonly leaveDrained?: boolean;
  /**
   * The play creates the containers from the inventory: the dependency check then uses the inventory's endpoints, not
   * those of the running container. Default false: containers keep their environment.
   */
  readonly fromInventory?: boolean;
  /** The play takes over containers that api7-orch did not create. A node with a failed change goes back to its old container. */
  readonly adopts?: boolean;
}

/** The combined view of all balancers of a node. */
export interface NodeView {
  /** A balancer sends it requests, or still has sessions there. */
  readonly inTraffic: boolean;
  /** Held on some balancer: drained externally or by an operator's lease. No run restores it. */
  readonly held: boolean;
  /** Drained by this run or an earlier one. */
  readonly drainedByRun: boolean;
  /** It has all of its traffic again after a change, but has not passed its soak. */
  readonly soaking?: boolean;
  /** Some balancer does not count sessions: no new requests then does not mean no running ones. */
  readonly uncounted?: boolean;
  /** In service on all balancers. */
  readonly up: boolean;
  /** Who holds it, for people; absent: not held, or unknown. */
  readonly heldBy?: string;
  /** Its servers that are not in service, for people; absent: none, or unknown. */
  readonly notUp?: string;
  /** For people: `gateways on lb-1: up, 3 sessions`. */
  readonly shown: string;
}

/** Diagnostics of a failed container, collected before its state changes again. */
export interface Diagnostics {
  readonly container: string;
  readonly status: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly restarts: number;
  /** Last replies of the probes, one per line. */
  readonly probes: readonly string[];
  /** Last lines of the container's log. */
  readonly log: string;
}

/** One link in the chain of time limits. */
export interface Deadline {
  readonly name: string;
  readonly ms: number;
  /** `read from lb-1:/etc/haproxy/haproxy.cfg`, `declared in the inventory`, `assumed`. */
  readonly source: string;
}

export interface DeadlineChain {
  readonly links: readonly Deadline[];
  /** Why the limit is too short or too long, with the fix; empty: no problem. */
  readonly faults: readonly string[];
}

/**
 * How one node is drained and restored. Each method returns a new program of tasks, which the engine runs like a
 * play's.
 */
export interface Traffic {
  observe(): Steps<NodeView>;
  /** Dependency check: one reading, before the drain and again right before a stop. */
  checkDependencies(options?: Pick<RollingOptions, 'fromInventory'>): Steps;
  /**
   * Runs once, before the first drain of a run. Checks that each balancer accepts commands. Warns of requests that a
   * drain would not stop, and of events that may undo a drain.
   */
  beforeFirstDrain(): Steps;
  /**
   * `evenHeld`: drains also held nodes; without it a held node is an error. `yields`: refuses if another drain, begun
   * meanwhile, would empty the pool together with this one. @throws NODE_HELD | NO_OTHER_MEMBER_UP
   */
  drain(options?: { readonly evenHeld?: boolean; readonly yields?: boolean }): Steps;
  /**
   * One reading during the wait: no balancer that may lose a drain sends the node requests again. @throws DRAIN_LOST
   */
  keepsDrained(): Steps;
  /** Waits until the node is idle, on the balancers and on the node itself. @throws DRAIN_TIMEOUT */
  waitIdle(): Steps;
  /** One reading, right before a stop: the node is still drained on every balancer. */
  stillDrained(): Steps;
  /** Readiness gates beyond those of the play's own program. */
  waitReady(): Steps;
  /**
   * One independent task for each balancer: a failure on one does not prevent the others. Each result names who keeps
   * the node drained there; '' if the node was restored. `percent`: only this share of its traffic, on balancers that
   * support it. `soak`: a soak follows (`due`), which the balancers' hosts
   * record until it is `passed`.
   */
  restore(options?: { readonly percent?: number; readonly soak?: 'due' | 'passed' }): Steps;
  /** Names of balancers that give the node only a part of its traffic after a restore by this run. */
  partlyRestored(): Steps<readonly string[]>;
  /** Waits until the node is in service on every balancer. */
  waitInService(): Steps;
  /** One health reading of a finished node. */
  stillHealthy(): Steps;
  /** Counters by balancer name; empty if no balancer counts. */
  counters(): Steps<Readonly<Record<string, Counters>>>;
  collectDiagnostics(): Steps<readonly Diagnostics[]>;
  /** A failed change of the node can be undone: its services keep no data that a newer version may have changed. */
  readonly canGoBack: boolean;
  /**
   * Records on the node what it runs, before its drain. `serves`: the node is in service, so that a failed change
   * returns to this version.
   */
  keepPrevious(options: { readonly serves: boolean }): Steps;
  /** One reading: whether a previous version is recorded. @throws NO_WAY_BACK */
  hasWayBack(): Steps;
  /** Recreates what the node ran before its change. Checks the drain first. @throws NO_WAY_BACK */
  goBack(): Steps;
  /** Another run that has taken over the node since this run drained it, for people; '' if there is none. */
  anotherRun(): Steps<string>;
  deadlines(): Steps<DeadlineChain>;
}

/** A pool and all its members, also those outside of the run. */
export interface PoolMembers {
  readonly name: string;
  readonly members: readonly string[];
}

/** What the engine needs to know about balancers. The engine itself knows no driver. */
export interface Fleet {
  /** Undefined: the node is in no pool and needs no drain. */
  traffic(node: string): Traffic | undefined;
  /** The same for a play that takes containers over: there, a node in no pool has a way back, too. */
  adopting?(): Fleet;
  /** The pools that these nodes are in. */
  poolsOf(nodes: readonly string[]): readonly PoolMembers[];
  /**
   * Pools that would have no serving member at some time if these nodes are drained, up to `atOnce` per pool together.
   */
  poolsEmptiedBy(
    nodes: readonly string[],
    atOnce: (pool: string) => number,
    inTraffic: (node: string) => boolean,
  ): readonly string[];
}
