import { isIPv6 } from 'node:net';
import type { Member, ServerState, ServerView } from '../../core/host/balancer.ts';
import type { HaproxySnapshot } from './ask.ts';
import { type HaproxyConfig, mayStick } from './config.ts';
import { count } from './stat.ts';
import { ADMIN, CHECK, type HaproxyServer, nameOf } from './state.ts';

/** Servers of any backend with a member's address and port. */
export const serversOf = ({ servers }: HaproxySnapshot, { address, port }: Member): readonly HaproxyServer[] =>
  servers.filter((server) => server.port === port && hasAddress(server, address));

/** Servers with a member's address on another port. */
export const otherServersOf = ({ servers }: HaproxySnapshot, { address, port }: Member): readonly HaproxyServer[] =>
  servers.filter((server) => server.port !== port && server.port !== 0 && hasAddress(server, address));

/** Whether a server is at an address, as HAProxy resolved it or as it was written. */
export const hasAddress = (server: HaproxyServer, address: string): boolean =>
  [server.address, server.fqdn].some((own) => written(own) === written(address));

/** IPv6 addresses have several notations, and names ignore case. */
const written = (address: string): string =>
  (isIPv6(address) ? URL.parse(`http://[${address}]`)?.hostname : undefined) ?? address.toLowerCase();

/** Gets no new requests because of a command, from any source. */
export const isOrderedOut = ({ admin, weight }: HaproxyServer): boolean =>
  weight === 0 || (admin & (ADMIN.maint | ADMIN.inheritedMaint | ADMIN.drain | ADMIN.inheritedDrain)) !== 0;

/** The setting to restore: the commands given for this very server, in HAProxy's own words. */
export function settingOf(server: HaproxyServer): Readonly<Record<string, string>> {
  const agent = agentOf(server);
  return {
    admin: (server.admin & ADMIN.maint) !== 0 ? 'maint' : (server.admin & ADMIN.drain) !== 0 ? 'drain' : 'ready',
    weight: String(server.weight),
    ...(agent === 'none' ? {} : { agent }),
  };
}

/** Its agent check, with which the node itself may set it ready, drained, or into maintenance. */
export const agentOf = ({ agentState }: HaproxyServer): 'none' | 'on' | 'off' =>
  (agentState & CHECK.configured) === 0 ? 'none' : (agentState & CHECK.enabled) === 0 ? 'off' : 'on';

/** One server in the terms of all drivers. `config` matters if the server is drained; `null`: it could not be read. */
export function viewOf(server: HaproxyServer, snapshot: HaproxySnapshot, config: HaproxyConfig | null): ServerView {
  const name = nameOf(server);
  const stat = snapshot.stats.get(name);
  const lastSession = stat?.('lastsess') ?? '';
  const tracked = stat?.('tracked') ?? '';
  const ordered = server.weight === 0 || (server.admin & (ADMIN.maint | ADMIN.drain)) !== 0;
  return {
    name,
    state: stateOf(server),
    sessions: stat === undefined ? null : count(stat, 'scur') + count(stat, 'qcur'),
    setting: settingOf(server),
    sticky: isSticky(server, snapshot, config),
    closed: (server.admin & ADMIN.maint) !== 0,
    // The difference of two clock readings in seconds may be one more than has passed.
    sinceMs: Math.max(0, server.sinceSeconds - 1) * 1000,
    ...(lastSession === '' || lastSession === '-1' ? {} : { quietMs: Math.max(0, Number(lastSession) - 1) * 1000 }),
    check: checkOf(server, snapshot),
    ...(isBackendDown(server, snapshot) ? { backendDown: true } : {}),
    ...(!ordered && isOrderedOut(server) && tracked !== '' ? { inherits: tracked } : {}),
  };
}

/** No server of the backend is in service, of any node: its clients get no response with or without this server. */
const isBackendDown = (server: HaproxyServer, { servers }: HaproxySnapshot): boolean =>
  stateOf(server) === 'down' &&
  servers.every((other) => other.backend !== server.backend || !['up', 'starting'].includes(stateOf(other)));

function stateOf(server: HaproxyServer): ServerState {
  if ((server.admin & (ADMIN.maint | ADMIN.inheritedMaint)) !== 0) return 'maintenance';
  // Not set by a command: its name cannot be resolved.
  if ((server.admin & ADMIN.unresolved) !== 0) return 'down';
  if (isOrderedOut(server)) return 'drained';
  if (server.operational === 2) return 'up';
  // Slow start, or "stopping": the node's own check refuses new clients, but sticky ones still come.
  return server.operational === 0 ? 'down' : 'starting';
}

/** The last check of a server; for a tracking server, the check of the tracked one. */
function checkOf(server: HaproxyServer, snapshot: HaproxySnapshot, depth = 0): NonNullable<ServerView['check']> {
  const tracked = snapshot.stats.get(nameOf(server))?.('tracked') ?? '';
  const followed = tracked === '' ? undefined : snapshot.servers.find((other) => nameOf(other) === tracked);
  if (followed !== undefined && depth < 8) return checkOf(followed, snapshot, depth + 1);
  if ((server.checkState & CHECK.enabled) === 0) return 'none';
  return server.checkResult >= 3 ? 'passed' : server.checkResult === 2 ? 'failed' : 'pending';
}

/** Whether requests may stick to a server. True in doubt: maintenance of an idle server does no harm. */
function isSticky(server: HaproxyServer, snapshot: HaproxySnapshot, config: HaproxyConfig | null): boolean {
  const cookie = snapshot.stats.get(nameOf(server))?.('cookie') ?? '';
  if (cookie !== '' || snapshot.sticky.size > 0) return true;
  // The socket does not show "use-server" and similar rules. They matter only once the server is drained.
  if (!isOrderedOut(server)) return false;
  const section = config?.backends.get(server.backend);
  return section === undefined || mayStick(section);
}
