import type { Member } from '../core/host/balancer.ts';
import type { Steps } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { poolSessions, reconnected } from './gates/pool-gates.ts';
import type { PoolMember } from './pool-member.ts';

/** Sessions by balancer, before the first drain of a member. */
export type Held = Map<string, number>;

/** All members of the pool behind this balancer, this one included. */
export const membersOf = ({ hosts }: Inventory, { pool }: PoolMember): readonly Member[] =>
  pool.members.flatMap((node) => {
    const address = hosts.get(node)?.address;
    return address === undefined ? [] : [{ node, address, port: pool.port }];
  });

/** Counts clients with long-lived connections before a drain, to see them reconnect later. */
export function* clientsBefore(held: Held, inventory: Inventory, poolMember: PoolMember): Steps {
  const { balancer } = poolMember;
  if (!holdsConnections(poolMember) || held.has(balancer.name)) return;
  const members = membersOf(inventory, poolMember);
  held.set(balancer.name, yield* poolSessions({ balancer, members }).delegate(balancer.host));
}

/**
 * Waits until they have reconnected: as many as before on all balancers of the pool together, but at most as many as
 * there are gateways. Each may reconnect through another balancer.
 */
export function* clientsBack(held: Held, inventory: Inventory, poolMembers: readonly PoolMember[]): Steps {
  const holding = poolMembers.filter(
    (poolMember) => holdsConnections(poolMember) && held.has(poolMember.balancer.name),
  );
  for (const ofPool of Map.groupBy(holding, ({ pool }) => pool.name).values()) {
    const before = ofPool.reduce((sum, { balancer }) => sum + (held.get(balancer.name) ?? 0), 0);
    const least = Math.min(before, inventory.groups.get('data_plane')?.length ?? 0);
    const sessions = new Map<string, number>();
    for (const poolMember of least > 0 ? ofPool : [])
      yield reconnected({
        balancer: poolMember.balancer,
        members: membersOf(inventory, poolMember),
        sessions,
        least,
      }).delegate(poolMember.balancer.host);
  }
}

/** Whether clients of a member hold one long-lived connection each. */
export const holdsConnections = ({ service }: Pick<PoolMember, 'service'>): boolean =>
  service?.holdsConnections === true;
