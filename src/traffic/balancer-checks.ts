import type { Check } from '../api7/checks/check.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { takesOrders } from '../lb/before-drain.ts';
import { memberKnown } from '../lb/member-known.ts';
import { leftAlone } from '../tasks/left-alone.ts';
import { at } from './pool-member.ts';
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
              gate: takesOrders(at(first)),
            },
          ],
    ),
    ...poolMembers.map((poolMember) => ({
      name: `${poolMember.member.node} in ${poolMember.pool.name}`,
      gate: memberKnown(at(poolMember)),
    })),
    { name: 'other tools', gate: leftAlone({ of: 'balancer' }) },
  ];
}
