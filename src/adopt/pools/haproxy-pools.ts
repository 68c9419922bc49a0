import { LIMITS } from '../../core/bounds/limits.ts';
import type { Reader } from '../../core/host/connection.ts';
import { type HaproxyConfig, optionOf, parseHaproxyConfig } from '../../lb/haproxy/config.ts';
import { nameOf, parseServersState } from '../../lb/haproxy/state.ts';
import { hasAddress } from '../../lb/haproxy/view.ts';
import type { FoundPools, Node } from './found-pool.ts';

const CONFIG = '/etc/haproxy/haproxy.cfg';

/**
 * The pools of HAProxy on a host: all servers of one port at addresses of these nodes, whatever their backends. None where it is not
 * installed.
 */
export async function haproxyPools(host: Reader, nodes: readonly Node[], config = CONFIG): Promise<FoundPools> {
  const text = await host.read(config, LIMITS.haproxyConfig.bytes);
  if (text === null) return { pools: [], notes: [] };
  const socket = adminSocket(parseHaproxyConfig(text.toString('utf8')));
  if (socket === undefined) {
    const line = 'stats socket /run/haproxy/admin.sock mode 600 level admin';
    return {
      pools: [],
      notes: [
        `${host.name}: HAProxy has no admin socket: add "${line}" to the section global of ${config}, and reload it`,
      ],
    };
  }
  const servers = parseServersState(await host.haproxyShow(socket, 'servers state'));
  const members = nodes.flatMap(({ name, address }) =>
    servers.flatMap((server) => (server.port > 0 && hasAddress(server, address) ? [{ name, port: server.port }] : [])),
  );
  const ports = [...new Set(members.map(({ port }) => port))].sort((a, b) => a - b);
  return {
    pools: ports.map((port) => ({
      host: host.name,
      driver: { driver: 'haproxy', socket },
      port,
      members: [...new Set(members.flatMap((one) => (one.port === port ? [one.name] : [])))],
    })),
    notes: nodes.flatMap(({ name, address }) =>
      servers
        .filter((server) => server.port === 0 && hasAddress(server, address))
        .map(
          (server) =>
            `${host.name}: the server ${nameOf(server)} of HAProxy sends requests to ${name} on the port of its frontend, so no run can drain it there: write the port to its address in ${config}, reload it, then run discover again`,
        ),
    ),
  };
}

/** The socket by which servers can be drained; several processes have one each, of which the first is asked. */
function adminSocket({ global }: HaproxyConfig): string | undefined {
  const sockets = global.filter(([keyword, what]) => keyword === 'stats' && what === 'socket');
  const admin = sockets.find((words) => optionOf([words], 'level') === 'admin');
  const path = admin?.[2]?.replace(/^unix@/, '');
  return path?.startsWith('/') === true ? path : undefined;
}
