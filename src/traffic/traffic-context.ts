import type { AdoptedFrom } from '../adopt/given-back.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Held } from './held-connections.ts';

/** What a node's drain and restore programs need. */
export interface TrafficContext {
  readonly inventory: Inventory;
  /** Who drains nodes: `user@controller`. */
  readonly by: string;
  readonly reason: string;
  /** Id of this run, written to its leases. */
  readonly run: string;
  /** Why balancers are left out. */
  readonly withoutReason: string;
  /** Whether the operator has confirmed an outage of the pool. */
  readonly mayEmpty: (pool: string) => boolean;
  /** Connections of DP Manager's balancers before the first drain of one of its members. */
  readonly held: Held;
  /** By node: the process of each balancer that received its drain. */
  readonly drainedBy: Map<string, ReadonlyMap<string, string>>;
  /** Held nodes that are changed anyway. */
  readonly evenHeld: Set<string>;
  /** By balancer host: the node whose drain checks for events that may undo a drain. Once is enough. */
  readonly lookedAtBy: Map<string, string>;
  /** By node and balancer: servers that were down before the drain because of their backend. */
  readonly downBefore: Map<string, readonly string[]>;
  /** By node and service: the container that runs again after an adoption that failed. */
  readonly gaveBack: Map<string, AdoptedFrom>;
}
