import { addressWithPort } from '../../core/base/address-text.ts';
import { defined } from '../../core/base/data.ts';
import { OrchError } from '../../core/base/errors.ts';
import type { Balancer, Member } from '../../core/host/balancer.ts';
import type { DeclaredChecks } from '../declared-timing.ts';
import { type HaproxySnapshot, reached, readConfig, readHaproxy } from './ask.ts';
import { loadsServerState } from './config.ts';
import { carryOut, commandsFor, partOfWeight } from './set.ts';
import { count } from './stat.ts';
import { type HaproxyServer, nameOf } from './state.ts';
import { timingOf } from './timing.ts';
import { isOrderedOut, otherServersOf, serversOf, viewOf } from './view.ts';

export interface HaproxyOptions {
  readonly pool: string;
  /** Inventory host that runs it. */
  readonly host: string;
  /** Path of its admin socket on that host. */
  readonly socket: string;
  /** Path of its configuration on that host; source of the check timing. Default /etc/haproxy/haproxy.cfg. */
  readonly config?: string;
  /** As declared in the inventory; overrides the configuration. */
  readonly check?: DeclaredChecks;
}

/**
 * The driver for HAProxy, through its admin socket. A member is every server of any backend with its address and port.
 * Runtime settings last until HAProxy is reloaded, which changes the epoch.
 *
 * @example const lb = haproxy({ pool: 'gateways', host: 'lb-1', socket: '/run/haproxy/admin.sock' });
 */
export function haproxy(options: HaproxyOptions): Balancer {
  const { pool, host: runsOn, socket, config = '/etc/haproxy/haproxy.cfg', check } = options;

  const serversFor = (snapshot: HaproxySnapshot, member: Member): readonly HaproxyServer[] => {
    const servers = serversOf(snapshot, member);
    if (servers.length > 0) return servers;
    const at = addressWithPort(member.address, member.port);
    throw new OrchError('LB_MEMBER_UNKNOWN', `no backend of HAProxy on ${runsOn} has a server ${at} (${member.node})`, {
      hint: `add "server ${member.node} ${at} check" to the backend of pool "${pool}" in haproxy.cfg, or correct load_balancers.${pool} in the inventory`,
    });
  };

  return {
    name: `${pool} on ${runsOn}`,
    pool,
    host: runsOn,
    shows: { sessions: true, up: true, counters: true, reload: true },

    async view(host, member) {
      const snapshot = await readHaproxy(host, socket);
      const servers = serversFor(snapshot, member);
      const file = servers.some(isOrderedOut) ? await readConfig(host, config) : null;
      const { epoch, runningMs } = snapshot;
      return {
        servers: servers.map((server) => viewOf(server, snapshot, file)),
        epoch,
        ...defined({ runningMs }),
      };
    },

    async set(host, member, to) {
      const servers = serversFor(await readHaproxy(host, socket), member);
      await reached(socket, () => carryOut(host, socket, commandsFor(servers, to)));
    },

    partOf: partOfWeight,

    async timing(host, member) {
      const [snapshot, file] = await Promise.all([readHaproxy(host, socket), readConfig(host, config)]);
      const timing = timingOf(file, serversFor(snapshot, member), `${runsOn}:${config}`);
      return check === undefined ? timing : { ...timing, ...check, source: 'declared', from: 'the inventory' };
    },

    async readOnly(host) {
      const level = await reached(socket, () => host.haproxyShow(socket, 'cli level'));
      // Very old versions do not know this command.
      const low = /^(operator|user)\s*$/.exec(level.trim())?.[1];
      if (low === undefined) return undefined;
      return new OrchError('HAPROXY_DENIED', `${pool} on ${runsOn}: the socket ${socket} has level ${low}`, {
        host: runsOn,
        hint: `write "stats socket ${socket} … level admin" in the global section of HAProxy and reload it; nothing was changed`,
      });
    },

    async forgetsDrains(host, member) {
      const [snapshot, file] = await Promise.all([readHaproxy(host, socket), readConfig(host, config)]);
      const sections = serversFor(snapshot, member).flatMap(({ backend }) => file?.backends.get(backend) ?? []);
      const forgetful = file === null ? undefined : sections.find((section) => !loadsServerState(file, section));
      return (
        forgetful &&
        `backend ${forgetful.name} loads no server state (set server-state-file and load-server-state-from-file)`
      );
    },

    async otherPorts(host, member) {
      const snapshot = await readHaproxy(host, socket);
      return otherServersOf(snapshot, member).map((server) => ({ name: nameOf(server), port: server.port }));
    },

    byHand: (servers) =>
      `on ${runsOn} send to ${socket}: ${servers.map((name) => `set server ${name} state ready`).join('; ')}`,

    async counters(host, member) {
      const snapshot = await readHaproxy(host, socket);
      const stats = serversFor(snapshot, member).map((server) => snapshot.stats.get(nameOf(server)));
      const sum = (...columns: readonly string[]): number =>
        stats.reduce((total, stat) => total + (columns.map((column) => count(stat, column)).find(Boolean) ?? 0), 0);
      return {
        // Counts connections if the backend does not balance HTTP.
        requests: sum('req_tot', 'stot'),
        status4xx: sum('hrsp_4xx'),
        status5xx: sum('hrsp_5xx'),
        connectErrors: sum('econ'),
        responseErrors: sum('eresp'),
        epoch: snapshot.epoch,
      };
    },
  };
}
