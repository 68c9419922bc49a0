import { type Service, serviceBehind, servicesOn } from '../api7/services.ts';
import type { Balancer, Member } from '../core/host/balancer.ts';
import type { Inventory, InventoryHost, ManagedPool, UnmanagedPool } from '../inventory/inventory.ts';
import { balancerOf, type DriverSettings } from '../lb/drivers.ts';

/** A node as a member of one pool behind one balancer. */
export interface PoolMember {
  readonly balancer: Balancer;
  /** Address of the balancer's host, the source of its connections. */
  readonly from: string;
  readonly member: Member;
  readonly pool: ManagedPool;
  /** The service on that port; undefined: none of API7's. */
  readonly service: Service | undefined;
}

/** The parameters that name it to a task. */
export const at = ({ balancer, member }: PoolMember) => ({ balancer, member });

/** Names of the hosts of these members' balancers. */
export const balancersOf = (poolMembers: readonly PoolMember[]): readonly string[] => [
  ...new Set(poolMembers.map(({ balancer }) => balancer.host)),
];

/** A node's balancers and services: everything between the node and its clients. */
export interface NodeBalancing {
  readonly node: string;
  readonly poolMembers: readonly PoolMember[];
  /** Pools with `driver: none`. */
  readonly unmanaged: readonly UnmanagedPool[];
  /** Balancers of its pools that this run leaves out. */
  readonly without: readonly { readonly pool: ManagedPool; readonly host: string }[];
  readonly services: readonly Service[];
}

/** A node's pools and balancers; undefined: it is in no pool. `without`: balancer hosts that are left out. */
export function nodeBalancingOf(
  inventory: Inventory,
  node: string,
  without: ReadonlySet<string>,
): NodeBalancing | undefined {
  const host = inventory.hosts.get(node);
  const pools = [...inventory.loadBalancers.values()].filter(({ members }) => members.includes(node));
  if (host === undefined || pools.length === 0) return undefined;
  const managed = pools.filter((pool) => pool.driver !== 'none');
  const unmanaged = pools.filter((pool) => pool.driver === 'none');
  const hosted = (from: 'kept' | 'left out') =>
    managed.flatMap((pool) =>
      pool.hosts.filter((name) => without.has(name) === (from === 'left out')).map((name) => ({ pool, host: name })),
    );
  const behind = pools.flatMap(({ port }) =>
    port === undefined ? servicesOn(inventory, host) : (serviceBehind(inventory, { node, port }) ?? []),
  );
  return {
    node,
    poolMembers: hosted('kept').map(({ pool, host: name }) => poolMemberOf(inventory, host, pool, name)),
    unmanaged,
    without: hosted('left out'),
    services: [...new Map(behind.map((service) => [service.name, service])).values()],
  };
}

/** A node without a balancer that api7-orch knows: nothing is drained, and only the node itself shows its state. */
export function unbalanced(inventory: Inventory, node: string): NodeBalancing | undefined {
  const host = inventory.hosts.get(node);
  return host && { node, poolMembers: [], unmanaged: [], without: [], services: servicesOn(inventory, host) };
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

/** Ports of a node in managed pools behind this balancer's host. */
export const portsNamedBehind = ({ loadBalancers }: Inventory, { balancer, member }: PoolMember): readonly number[] =>
  [...loadBalancers.values()].flatMap((pool) =>
    pool.driver !== 'none' && pool.hosts.includes(balancer.host) && pool.members.includes(member.node)
      ? [pool.port]
      : [],
  );
