import type { Balancer, Lease, Member, MemberView, ServerView } from '../core/host/balancer.ts';
import type { Reader } from '../core/host/connection.ts';
import { leasesOf, readLease } from './lease.ts';

/** Drained or in maintenance by command, from any source. Down servers do not count. */
export const isDrainedOrMaintenance = ({ state }: ServerView): boolean =>
  state === 'drained' || state === 'maintenance';

/** Its health checks pass, slow start is over, and no command keeps it drained. */
export const isInService = ({ state }: ServerView): boolean => state === 'up';

/**
 * Whether a node is in service on a balancer. A backend without any server in service does not count while the node is
 * in service in another one: it gets no requests there anyway.
 */
export function isInFullService(servers: readonly ServerView[]): boolean {
  const counted = servers.filter(({ backendDown }) => backendDown !== true);
  return counted.length > 0 && counted.every(isInService);
}

/** The balancer sends it new requests. */
export const acceptsRequests = ({ state }: Pick<ServerView, 'state'>): boolean =>
  state === 'up' || state === 'starting';

/** It gets requests from this balancer, sticky ones included, or still has sessions. */
export const getsRequests = (server: ServerView): boolean =>
  acceptsRequests(server) || (server.state === 'drained' && server.sticky) || (server.sessions ?? 0) > 0;

/** The balancer sends it new requests in each backend that has a server in service. */
export const acceptsEverywhere = (servers: readonly ServerView[]): boolean =>
  servers.some(acceptsRequests) && servers.every((server) => acceptsRequests(server) || server.backendDown === true);

/**
 * It can take over requests of leaving members: it accepts requests, and has no lease. Between lease and command, only
 * the lease shows a drain; a lease that is being restored is about to disappear.
 */
export const takesOver = ({ servers, lease }: Pick<MemberView, 'servers' | 'lease'>): boolean =>
  acceptsEverywhere(servers) && (lease === null || lease.restoring !== undefined);

/** After a drain alone, sticky requests still reach it. */
export const sticks = ({ sticky, state }: ServerView): boolean => sticky && state !== 'maintenance';

/** Gets no requests at all, sticky ones included. */
export const getsNoRequests = (server: ServerView): boolean =>
  server.state === 'maintenance' || (server.state === 'drained' && !server.sticky);

/**
 * Servers that fail their checks while another server of the same node is in service: the node is up, so the reason
 * lies in their backend.
 */
export const downAlone = (servers: readonly ServerView[]): readonly string[] =>
  servers.some(acceptsRequests) ? servers.filter(({ state }) => state === 'down').map(({ name }) => name) : [];

/**
 * A balancer's view of a member with the leases on its host, in one round trip.
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

/** Servers that no run restores: externally drained ones, and those with an operator's lease. */
export const heldServers = ({ servers, lease, held }: MemberView): readonly string[] =>
  lease?.kind === 'hand' ? servers.filter(isDrainedOrMaintenance).map(({ name }) => name) : held;

/** In maintenance since the lease was written, and not by api7-orch: the lease only covers the drain. */
export const externallyClosed = (servers: readonly ServerView[], { closed }: Lease): readonly string[] =>
  closed === undefined
    ? []
    : servers.filter((server) => server.closed === true && !closed.includes(server.name)).map(({ name }) => name);

/**
 * Drained servers without a lease. A tracking server does not count if the tracked one has a lease: one of api7-orch's
 * own drains shows so in a second pool.
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
  // A tracked server of the same member is in the list itself.
  return out
    .filter(({ inherits }) => inherits === undefined || !(shown.has(inherits) || drainedByRun.has(inherits)))
    .map(({ name }) => name);
}

/** Hint for a member that is not up on a balancer. */
export const NOT_UP_HINT =
  'check the balancer\'s health check: it must reach the check port on the member\'s address; "maintenance" and "drained" were set externally';
