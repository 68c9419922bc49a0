import type { Check } from '../api7/checks/check.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { takesOrders } from '../lb/before-drain.ts';
import { memberKnown } from '../lb/member-known.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { poolMembersOf } from './pool-snapshot.ts';

/** Checks on the host of balancers: each accepts commands, and has a server for each member of its pools. */
export function balancerChecks(inventory: Inventory, host: string): readonly Check[] {
  const poolMembers = poolMembersOf(inventory).filter(({ balancer }) => balancer.host === host);
  if (poolMembers.length === 0) return [];
  const pools = [...Map.groupBy(poolMembers, ({ pool }) => pool.name).values()];
  return [
    ...pools.flatMap(([first]): readonly Check[] =>
      first === undefined
        ? []
        : [
            {
              name: `rights on ${first.pool.name}`,
              gate: takesOrders({ balancer: first.balancer, member: first.member }),
            },
          ],
    ),
    ...poolMembers.map(({ balancer, member, pool }) => ({
      name: `${member.node} in ${pool.name}`,
      gate: memberKnown({ balancer, member }),
    })),
    { name: 'other tools', gate: leftAlone({ of: 'balancer' }) },
  ];
}
