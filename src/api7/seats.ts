import type { Balancer, Member } from '../core/balancer.ts';
import type { DrivenPool, Inventory, InventoryHost, UnspokenPool } from '../inventory/inventory.ts';
import { balancerOf, type DriverSettings } from '../lb/drivers.ts';
import { type Component, componentAt, componentsIn } from './components.ts';

/** A node as a member of one pool behind one balancer. */
export interface Seat {
  readonly balancer: Balancer;
  /** Address of the balancer's host: connections from there are its own. */
  readonly from: string;
  readonly member: Member;
  readonly pool: DrivenPool;
}

/** Everything that stands between a node and its clients. */
export interface Place {
  readonly node: string;
  readonly seats: readonly Seat[];
  /** Pools whose balancers nobody here speaks to. */
  readonly unspoken: readonly UnspokenPool[];
  /** Balancers of its pools that are left out of this run. */
  readonly without: readonly { readonly pool: DrivenPool; readonly host: string }[];
  readonly components: readonly Component[];
}

/** Where a node stands; undefined: in no pool. `without`: hosts of balancers that are left out. */
export function placeOf(inventory: Inventory, node: string, without: ReadonlySet<string>): Place | undefined {
  const host = inventory.hosts.get(node);
  const pools = [...inventory.loadBalancers.values()].filter(({ members }) => members.includes(node));
  if (host === undefined || pools.length === 0) return undefined;
  const driven = pools.filter((pool) => pool.driver !== 'none');
  const unspoken = pools.filter((pool) => pool.driver === 'none');
  const at = (from: 'kept' | 'left out') =>
    driven.flatMap((pool) =>
      pool.hosts.filter((name) => without.has(name) === (from === 'left out')).map((name) => ({ pool, host: name })),
    );
  const behind = pools.flatMap(({ port }) =>
    port === undefined ? componentsIn(host.groups) : (componentAt(port) ?? []),
  );
  return {
    node,
    seats: at('kept').map(({ pool, host: name }) => seatOf(inventory, host, pool, name)),
    unspoken,
    without: at('left out'),
    components: [...new Set(behind)],
  };
}

function seatOf(inventory: Inventory, host: InventoryHost, pool: DriverSettings, name: string): Seat {
  return {
    balancer: balancerOf(pool, name),
    from: inventory.hosts.get(name)?.address ?? name,
    member: { node: host.name, address: host.address, port: pool.port },
    pool,
  };
}
