import type { Balancer, Member, MemberView, ServerView } from '../core/balancer.ts';
import type { Reader } from '../core/connection.ts';
import { leasesOf, readLease } from './lease.ts';

/** Taken out of traffic by order, whoever gave it: it is not merely down. */
export const isOut = ({ state }: ServerView): boolean => state === 'drained' || state === 'maintenance';

/** Gets no request at all, not even one that sticks to it. */
export const isEmptying = (server: ServerView): boolean =>
  server.state === 'maintenance' || (server.state === 'drained' && !server.sticky);

/**
 * What a balancer and the leases on its host show of a member, in one round trip.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_ANSWER | LB_LEASE
 */
export async function look(balancer: Balancer, host: Reader, member: Member): Promise<MemberView> {
  const [view, lease] = await Promise.all([balancer.view(host, member), readLease(host, balancer.pool, member.node)]);
  const held = lease === null ? await heldBySomebody(host, member, view.servers) : lease.held;
  return { ...view, lease, held };
}

/**
 * Out of traffic without a lease. A server that only follows another one is not held by that, if the other one is on
 * record: that is how one of our own drains shows in a second pool.
 */
async function heldBySomebody(
  host: Reader,
  { node }: Member,
  servers: readonly ServerView[],
): Promise<readonly string[]> {
  const out = servers.filter(isOut);
  if (!out.some(({ inherits }) => inherits !== undefined)) return out.map(({ name }) => name);
  const shown = new Set(servers.map(({ name }) => name));
  const leased = new Set((await leasesOf(host, node)).flatMap(({ before }) => Object.keys(before)));
  // What it follows speaks for itself when it belongs to the same member.
  return out
    .filter(({ inherits }) => inherits === undefined || !(shown.has(inherits) || leased.has(inherits)))
    .map(({ name }) => name);
}
