import { randomUUID } from 'node:crypto';
import { emptiesPool } from '../core/play/empties-pool.ts';
import type { Fleet } from '../core/play/rolling.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { nodeBalancingOf } from './pool-member.ts';
import { trafficOf } from './traffic.ts';

export interface FleetOptions {
  /** Who takes nodes out of traffic: `user@controller`. */
  readonly by: string;
  /** Names of balancer hosts that are left out, because they are gone. */
  readonly withoutLb?: readonly string[];
  /** Why they are. */
  readonly reason?: string;
  /** Of the run; its leases and its locks name it. Default: drawn here. */
  readonly run?: string;
}

/**
 * How the nodes of an inventory are taken out of traffic and given back. A node is every host in any pool; it is in
 * traffic as long as one of its balancers gives it requests. It remembers through one run which outages were confirmed and
 * how many clients were connected.
 *
 * @example const fleet = fleetOf(inventory, { by: 'ops@desk' }); fleet.traffic('gw-1')?.drain()
 */
export function fleetOf(inventory: Inventory, { by, withoutLb = [], reason, run = randomUUID() }: FleetOptions): Fleet {
  const without = new Set(withoutLb);
  const pools = [...inventory.loadBalancers.values()];
  const emptied = new Set<string>();
  const context = {
    inventory,
    by,
    reason: `api7-orch, cluster ${inventory.cluster}`,
    withoutReason: reason ?? '',
    mayEmpty: (pool: string) => emptied.has(pool),
    held: new Map<string, number>(),
    run,
    drainedBy: new Map<string, ReadonlyMap<string, string>>(),
    evenHeld: new Set<string>(),
    lookedAtBy: new Map<string, string>(),
    downBefore: new Map<string, readonly string[]>(),
  };

  return {
    traffic(node) {
      const place = nodeBalancingOf(inventory, node, without);
      return place && trafficOf(context, place);
    },

    poolsOf: (nodes) => pools.filter(({ members }) => nodes.some((node) => members.includes(node))),

    poolsEmptiedBy(nodes, atOnce, inTraffic) {
      const names = pools
        .filter(({ name, members }) =>
          emptiesPool(members, { leaves: (node) => nodes.includes(node), serves: inTraffic, atOnce: atOnce(name) }),
        )
        .map(({ name }) => name);
      // Whoever goes on after that has it confirmed: for these pools nothing needs to be kept up.
      for (const name of names) emptied.add(name);
      return names;
    },
  };
}
