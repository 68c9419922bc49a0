import { serviceAt } from '../api7/services.ts';
import type { Member } from '../core/host/balancer.ts';
import type { Steps } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { poolSessions, reconnected } from './gates/pool-gates.ts';
import type { PoolMember } from './pool-member.ts';

/** Sessions by balancer, before the first of its members was drained. */
export type Held = Map<string, number>;

/** All members of the pool behind a seat's balancer, the seat's own among them. */
export const membersOf = ({ hosts }: Inventory, { pool }: PoolMember): readonly Member[] =>
  pool.members.flatMap((node) => {
    const address = hosts.get(node)?.address;
    return address === undefined ? [] : [{ node, address, port: pool.port }];
  });

/** How many clients hold a connection for as long as they live, where the pool has such: to see them come back. */
export function* clientsBefore(held: Held, inventory: Inventory, seat: PoolMember): Steps {
  const { balancer, member } = seat;
  if (serviceAt(member.port)?.holdsConnections !== true || held.has(balancer.name)) return;
  const members = membersOf(inventory, seat);
  held.set(balancer.name, yield* poolSessions({ balancer, members }).delegate(balancer.host));
}

/** Waits until they are back: as many as there were, but no more than there are gateways. */
export function* clientsBack(held: Held, inventory: Inventory, seat: PoolMember): Steps {
  const { balancer, member } = seat;
  const before = held.get(balancer.name);
  if (serviceAt(member.port)?.holdsConnections !== true || before === undefined) return;
  const least = Math.min(before, inventory.groups.get('data_plane')?.length ?? 0);
  if (least > 0) yield reconnected({ balancer, members: membersOf(inventory, seat), least }).delegate(balancer.host);
}
