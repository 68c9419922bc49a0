import type { Balancer, Lease, Member, MemberView, ServerView } from '../core/host/balancer.ts';
import type { Reader } from '../core/host/connection.ts';
import { leasesOf, readLease } from './lease.ts';

/** Taken out of traffic by order, whoever gave it: it is not merely down. */
export const isDrainedOrMaintenance = ({ state }: ServerView): boolean =>
  state === 'drained' || state === 'maintenance';

/** In full service: its health checks pass, it is past slow start, and no command keeps it out. */
export const isInService = ({ state }: ServerView): boolean => state === 'up';

/**
 * A node is in full service on a balancer. A backend of which no server at all is in service does not count, as long as the node is in
 * service elsewhere: it gets no requests there anyway.
 */
export function isInFullService(servers: readonly ServerView[]): boolean {
  const counted = servers.filter(({ backendDown }) => backendDown !== true);
  return counted.length > 0 && counted.every(isInService);
}

/** The balancer sends it new requests. */
export const acceptsRequests = ({ state }: Pick<ServerView, 'state'>): boolean =>
  state === 'up' || state === 'starting';

/** It gets requests by this balancer, sticky ones too, or still has some running. */
export const getsRequests = (server: ServerView): boolean =>
  acceptsRequests(server) || (server.state === 'drained' && server.sticky) || (server.sessions ?? 0) > 0;

/** The balancer sends it new requests in every backend of which any server is in service. */
export const acceptsEverywhere = (servers: readonly ServerView[]): boolean =>
  servers.some(acceptsRequests) && servers.every((server) => acceptsRequests(server) || server.backendDown === true);

/**
 * It can take the requests of others that leave: it accepts requests, and no drain of it has begun. Between its lease and its
 * order a drain shows only by the lease; one that is being restored is gone in a moment.
 */
export const takesOver = ({ servers, lease }: Pick<MemberView, 'servers' | 'lease'>): boolean =>
  acceptsEverywhere(servers) && (lease === null || lease.restoring !== undefined);

/** A drain alone leaves it the requests that stick to it. */
export const sticks = ({ sticky, state }: ServerView): boolean => sticky && state !== 'maintenance';

/** Gets no request at all, not even one that sticks to it. */
export const isEmptying = (server: ServerView): boolean =>
  server.state === 'maintenance' || (server.state === 'drained' && !server.sticky);

/**
 * Servers that fail their health checks while another one of the same node is in service: that the node itself is there shows that
 * they have failed for a reason of their backend.
 */
export const downAlone = (servers: readonly ServerView[]): readonly string[] =>
  servers.some(acceptsRequests) ? servers.filter(({ state }) => state === 'down').map(({ name }) => name) : [];

/**
 * What a balancer and the leases on its host show of a member, in one round trip.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LEASE_INVALID
 */
export async function readMember(balancer: Balancer, host: Reader, member: Member): Promise<MemberView> {
  const [view, recorded] = await Promise.all([
    balancer.view(host, member),
    readLease(host, balancer.pool, member.node),
  ]);
  const { lease } = recorded;
  const held =
    lease === null
      ? await externallyDrained(host, member, view.servers)
      : [...new Set([...lease.held, ...externallyClosed(view.servers, lease)])];
  return { ...view, ...recorded, held };
}

/** Servers that no run gives back: what somebody else has taken out, and what a person has, on record. */
export const heldServers = ({ servers, lease, held }: MemberView): readonly string[] =>
  lease?.kind === 'hand' ? servers.filter(isDrainedOrMaintenance).map(({ name }) => name) : held;

/** Closed since the record was made, and not by us: drained is all that it says. */
export const externallyClosed = (servers: readonly ServerView[], { closed }: Lease): readonly string[] =>
  closed === undefined
    ? []
    : servers.filter((server) => server.closed === true && !closed.includes(server.name)).map(({ name }) => name);

/**
 * Out of traffic without a lease. A server that only follows another one is not held by that, if the other one is on
 * record: that is how one of our own drains shows in a second pool.
 */
async function externallyDrained(
  host: Reader,
  { node }: Member,
  servers: readonly ServerView[],
): Promise<readonly string[]> {
  const out = servers.filter(isDrainedOrMaintenance);
  if (!out.some(({ inherits }) => inherits !== undefined)) return out.map(({ name }) => name);
  const shown = new Set(servers.map(({ name }) => name));
  const drainedByRun = new Set((await leasesOf(host, node)).flatMap(({ before }) => Object.keys(before)));
  // What it follows speaks for itself when it belongs to the same member.
  return out
    .filter(({ inherits }) => inherits === undefined || !(shown.has(inherits) || drainedByRun.has(inherits)))
    .map(({ name }) => name);
}

/** What to do about a member that a balancer does not show up. */
export const NOT_UP_HINT =
  'check the balancer\'s health check: it must reach the check port on the member\'s address; "maintenance" and "drained" were set externally';
