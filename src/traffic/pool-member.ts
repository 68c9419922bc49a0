import { type Service, serviceBehind, servicesOn } from '../api7/services.ts';
import type { Balancer, Member } from '../core/host/balancer.ts';
import type { Inventory, InventoryHost, ManagedPool, UnmanagedPool } from '../inventory/inventory.ts';
import { balancerOf, type DriverSettings } from '../lb/drivers.ts';

/** A node as a member of one pool behind one balancer. */
export interface PoolMember {
  readonly balancer: Balancer;
  /** Address of the balancer's host: connections from there are its own. */
  readonly from: string;
  readonly member: Member;
  readonly pool: ManagedPool;
  /** The service there; undefined: none of API7's. */
  readonly service: Service | undefined;
}

/** Everything that stands between a node and its clients. */
export interface NodeBalancing {
  readonly node: string;
  readonly seats: readonly PoolMember[];
  /** Pools whose balancers nobody here speaks to. */
  readonly unmanaged: readonly UnmanagedPool[];
  /** Balancers of its pools that are left out of this run. */
  readonly without: readonly { readonly pool: ManagedPool; readonly host: string }[];
  readonly components: readonly Service[];
}

/** Where a node stands; undefined: in no pool. `without`: hosts of balancers that are left out. */
export function nodeBalancingOf(
  inventory: Inventory,
  node: string,
  without: ReadonlySet<string>,
): NodeBalancing | undefined {
  const host = inventory.hosts.get(node);
  const pools = [...inventory.loadBalancers.values()].filter(({ members }) => members.includes(node));
  if (host === undefined || pools.length === 0) return undefined;
  const driven = pools.filter((pool) => pool.driver !== 'none');
  const unmanaged = pools.filter((pool) => pool.driver === 'none');
  const at = (from: 'kept' | 'left out') =>
    driven.flatMap((pool) =>
      pool.hosts.filter((name) => without.has(name) === (from === 'left out')).map((name) => ({ pool, host: name })),
    );
  const behind = pools.flatMap(({ port }) =>
    port === undefined ? servicesOn(inventory, host) : (serviceBehind(inventory, { node, port }) ?? []),
  );
  return {
    node,
    seats: at('kept').map(({ pool, host: name }) => poolMemberOf(inventory, host, pool, name)),
    unmanaged,
    without: at('left out'),
    components: [...new Map(behind.map((service) => [service.name, service])).values()],
  };
}

function poolMemberOf(inventory: Inventory, host: InventoryHost, pool: DriverSettings, name: string): PoolMember {
  const member = { node: host.name, address: host.address, port: pool.port };
  return {
    balancer: balancerOf(pool, name),
    from: inventory.hosts.get(name)?.address ?? name,
    member,
    pool,
    service: serviceBehind(inventory, member),
  };
}

/** Ports of a node that managed pools behind this balancer's host name. */
export const portsNamedBehind = ({ loadBalancers }: Inventory, { balancer, member }: PoolMember): readonly number[] =>
  [...loadBalancers.values()].flatMap((pool) =>
    pool.driver !== 'none' && pool.hosts.includes(balancer.host) && pool.members.includes(member.node)
      ? [pool.port]
      : [],
  );
