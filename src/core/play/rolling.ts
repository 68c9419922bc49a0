import type { Counters } from '../host/balancer.ts';
import type { Steps } from '../task/task.ts';
import type { Count } from './count.ts';

/** What a play says of how its hosts are taken out of traffic, changed and given back. */
export interface RollingOptions {
  /** So many serving nodes go first, one after another, before the batches. Default 0. */
  readonly canary?: number;
  /** Sizes of the waves, the last one repeated. A share rounds down, to at least 1. Default: as many as the budget allows. */
  readonly batch?: Count | readonly Count[];
  /** Most members of each pool out of traffic at any instant, for whatever reason; a share is of that pool. Default 1. */
  readonly maxUnavailable?: Count;
  /** The roll goes on after so many failures. Default 0. */
  readonly maxFailures?: number;
  /** Names of nodes in the order they are to be taken; others follow as in the inventory. */
  readonly order?: readonly string[];
  /** How long a node is watched in full service before the next one is touched: `10s`, the default. */
  readonly soak?: string;
  /**
   * A node that comes back before as many as `canary`, at least one, have come through their soak, gets so much of its traffic first,
   * where its balancers can, and all of it once that was clean. `100%`: all of it at once. Default `10%`.
   */
  readonly canaryWeight?: string;
  /** What was stopped stays out of traffic: it is not given back. */
  readonly leaveDrained?: boolean;
  /**
   * The play makes the containers from the inventory: before a node is drained, the endpoints of the inventory must respond, not
   * those of the running container. Default false: containers keep their environment.
   */
  readonly fromInventory?: boolean;
}

/** What all balancers of a node together show of it. */
export interface NodeView {
  /** Some balancer gives it requests, or still has some running there. */
  readonly inTraffic: boolean;
  /** Taken out by somebody else, or by a person on record, on some balancer: no run gives it back. */
  readonly held: boolean;
  /** Taken out by this run or an earlier one. */
  readonly drainedByRun: boolean;
  /** It has all of its traffic again after a change, and its soak has not been passed. */
  readonly soaking?: boolean;
  /** Some of them does not count: that none gives it requests does not mean that none runs there. */
  readonly uncounted?: boolean;
  /** In full service on all of them. */
  readonly up: boolean;
  /** Who holds it, for people; left out: nobody, or that is not known. */
  readonly heldBy?: string;
  /** Servers of it that are not in service, for people; left out: none, or that is not known. */
  readonly notUp?: string;
  /** For people: `gateways on lb-1: up, 3 sessions`. */
  readonly shown: string;
}

/** What is kept of a container that failed, before anything else touches it. */
export interface Diagnostics {
  readonly container: string;
  readonly status: string;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly restarts: number;
  /** Last answers of the probes, one a line. */
  readonly probes: readonly string[];
  /** Its last lines. */
  readonly log: string;
}

/** One link of the chain of time limits. */
export interface Deadline {
  readonly name: string;
  readonly ms: number;
  /** `read from lb-1:/etc/haproxy/haproxy.cfg`, `declared in the inventory`, `assumed`. */
  readonly source: string;
}

export interface DeadlineChain {
  readonly links: readonly Deadline[];
  /** Why it does not hold, with the fix; empty: it does. */
  readonly faults: readonly string[];
}

/**
 * How one node is taken out of traffic and given back: programs of tasks that the engine carries out like any play's.
 * They are made anew for each use.
 */
export interface Traffic {
  observe(): Steps<NodeView>;
  /** What must hold before the node is drained, and once more right before something of it is stopped: one look each. */
  checkDependencies(options?: Pick<RollingOptions, 'fromInventory'>): Steps;
  /**
   * Once, before the first node of a run is drained: every balancer takes orders. Requests to the node that a drain would not stop, and
   * what may undo a drain, are reported as a warning.
   */
  beforeFirstDrain(): Steps;
  /**
   * `evenHeld`: also what a person holds; without it that is an error. `yields`: it is not ordered where another drain, begun
   * meanwhile, would empty the pool together with this one. @throws NODE_HELD | NO_OTHER_MEMBER_UP
   */
  drain(options?: { readonly evenHeld?: boolean; readonly yields?: boolean }): Steps;
  /** One look while it is waited for: no balancer that may lose a drain sends the node requests again. @throws DRAIN_LOST */
  keepsDrained(): Steps;
  /** Waits until nothing runs there any more, seen from the balancers and from the node. @throws DRAIN_TIMEOUT */
  waitIdle(): Steps;
  /** One look, right before a stop: still drained on every balancer, nothing has come back. */
  stillDrained(): Steps;
  /** Gates beyond those that the play's own program states. */
  waitReady(): Steps;
  /**
   * One task for each balancer, none of which needs another one's result: one that fails keeps no other from its turn. The result of
   * each is who keeps the node out of traffic there, '' when nobody does. `percent`: only so much of its traffic, on balancers that can
   * give a part of it. `soaks`: it is soaked next, which its balancers' hosts remember until a restore without this.
   */
  restore(options?: { readonly percent?: number; readonly soaks?: boolean }): Steps;
  /** Names of balancers that give it a part of its traffic after a restore by this run. */
  partlyRestored(): Steps<readonly string[]>;
  /** Waits until every balancer really uses it again. */
  waitInService(): Steps;
  /** One look at a node that is done. */
  stillHealthy(): Steps;
  /** By balancer; empty where nobody counts. */
  counters(): Steps<Readonly<Record<string, Counters>>>;
  collectDiagnostics(): Steps<readonly Diagnostics[]>;
  /** A change of the node that fails can be undone: its services keep no data that a newer version may have changed. */
  readonly canGoBack: boolean;
  /** Records on the node what it runs, before its drain. `serves`: it is in full service, so that a failed change goes back to this. */
  keepPrevious(options: { readonly serves: boolean }): Steps;
  /** One look whether there is something to go back to. @throws NO_WAY_BACK */
  hasWayBack(): Steps;
  /** Recreates what the node ran before its change. Its drain is proved before. @throws NO_WAY_BACK */
  goBack(): Steps;
  /** Another run that has made the node its own since this one drained it, for people; '': there is none. */
  anotherRun(): Steps<string>;
  deadlines(): Steps<DeadlineChain>;
}

/** A pool and all its members, whether a run works on them or not. */
export interface PoolMembers {
  readonly name: string;
  readonly members: readonly string[];
}

/** Everything the engine needs to know about balancers, without knowing any. */
export interface Fleet {
  /** Undefined: the node is in no pool, nothing takes it out of traffic. */
  traffic(node: string): Traffic | undefined;
  /** The pools that these nodes are in. */
  poolsOf(nodes: readonly string[]): readonly PoolMembers[];
  /** Pools that would have no member in traffic at some time, if these nodes go out, up to `atOnce` of a pool together. */
  poolsEmptiedBy(
    nodes: readonly string[],
    atOnce: (pool: string) => number,
    inTraffic: (node: string) => boolean,
  ): readonly string[];
}
