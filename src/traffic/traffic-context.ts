import type { Inventory } from '../inventory/inventory.ts';
import type { Held } from './held-connections.ts';

/** What the programs of a node's way out of traffic and back are made for. */
export interface TrafficContext {
  readonly inventory: Inventory;
  /** Who takes nodes out: `user@controller`. */
  readonly by: string;
  readonly reason: string;
  /** Id of this run: its leases have it. */
  readonly run: string;
  /** Why balancers are left out. */
  readonly withoutReason: string;
  /** Whether somebody has confirmed that the pool is left without a node that serves. */
  readonly mayEmpty: (pool: string) => boolean;
  /** Connections that DP Manager's balancers had before one of it was drained. */
  readonly held: Held;
  /** By node: which process of each balancer was told to drain it. */
  readonly drainedBy: Map<string, ReadonlyMap<string, string>>;
  /** Nodes that are changed although a person holds them. */
  readonly evenHeld: Set<string>;
  /** By host of a balancer: the node before whose drain it is looked what may undo a drain there. Once is enough. */
  readonly lookedAtBy: Map<string, string>;
  /** By node and balancer: servers that were down before the drain, for a reason of their backend. */
  readonly downBefore: Map<string, readonly string[]>;
}
