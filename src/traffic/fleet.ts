import { randomUUID } from 'node:crypto';
import type { AdoptedFrom } from '../adopt/given-back.ts';
import { emptiesPool } from '../core/play/empties-pool.ts';
import type { Fleet } from '../core/play/rolling.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { nodeBalancingOf, unbalanced } from './pool-member.ts';
import { trafficOf } from './traffic.ts';

export interface FleetOptions {
  /** Who drains nodes: `user@controller`. */
  readonly by: string;
  /** Balancer hosts that are left out because they are down (`--without-lb`). */
  readonly withoutLb?: readonly string[];
  /** The operator's reason for that. */
  readonly reason?: string;
  /** Id of the run, used in its leases and locks. Default: a random one. */
  readonly run?: string;
}

/**
 * How the nodes of an inventory are drained and restored. A node is any host in a pool; it is in service as long as a
 * balancer sends it requests. Remembers for one run which outages were confirmed and how many clients were connected.
 *
 * @example const fleet = fleetOf(inventory, { by: 'ops@desk' }); fleet.traffic('gw-1')?.drain()
 */
export function fleetOf(inventory: Inventory, { by, withoutLb = [], reason, run = randomUUID() }: FleetOptions): Fleet {
  const without = new Set(withoutLb);
  const pools = [...inventory.loadBalancers.values()];
  const confirmedOutages = new Set<string>();
  const context = {
    inventory,
    by,
    reason: `api7-orch, cluster ${inventory.cluster}`,
    withoutReason: reason ?? '',
    mayEmpty: (pool: string) => confirmedOutages.has(pool),
    held: new Map<string, number>(),
    run,
    drainedBy: new Map<string, ReadonlyMap<string, string>>(),
    evenHeld: new Set<string>(),
    lookedAtBy: new Map<string, string>(),
    downBefore: new Map<string, readonly string[]>(),
    gaveBack: new Map<string, AdoptedFrom>(),
  };

  const fleet: Fleet = {
    traffic(node) {
      const balancing = nodeBalancingOf(inventory, node, without);
      return balancing && trafficOf(context, balancing);
    },

    adopting: () => ({
      ...fleet,
      traffic(node) {
        const balancing = nodeBalancingOf(inventory, node, without) ?? unbalanced(inventory, node);
        return balancing && trafficOf(context, balancing);
      },
    }),

    poolsOf: (nodes) => pools.filter(({ members }) => nodes.some((node) => members.includes(node))),

    poolsEmptiedBy(nodes, atOnce, inTraffic) {
      const names = pools
        .filter(({ name, members }) =>
          emptiesPool(members, { leaves: (node) => nodes.includes(node), serves: inTraffic, atOnce: atOnce(name) }),
        )
        .map(({ name }) => name);
      // The caller continues only after the operator's confirmation: no dependencies apply to these pools.
      for (const name of names) confirmedOutages.add(name);
      return names;
    },
  };
  return fleet;
}
