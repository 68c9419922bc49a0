import { z } from 'zod';
import type { Reader } from '../core/connection.ts';
import { defineTask } from '../core/define-task.ts';
import { duration } from '../core/duration.ts';
import { OrchError } from '../core/errors.ts';
import { joined } from '../core/joined.ts';
import { type HaproxyServer, parseServersState, standing } from './haproxy-state.ts';

/**
 * Gate: HAProxy sends traffic to a member. Members are matched by address and port in every backend; an unknown one is
 * an error at once, for no waiting would add it. Delegate it to the host that runs HAProxy.
 *
 * @example yield haproxyMember({ pool: 'gateways', socket: '/run/haproxy/admin.sock', address: host.address, port: 9080 }).delegate('lb-1');
 */
export const haproxyMember = defineTask({
  kind: 'haproxyMember',
  params: z.object({
    pool: z.string(),
    socket: z.string(),
    address: z.string(),
    port: z.number().int(),
    within: duration.default(60_000),
  }),
  claim: (p) => `gate:${p.pool} ${p.address}:${p.port} ${p.socket}`,
  title: (p) => `${p.pool}: ${p.address}:${p.port} is up`,
  impact: 'none',
  async read(p, host) {
    const servers = await serversOf(host, p.socket);
    const mine = servers.filter(
      (server) => [server.address, server.fqdn].includes(p.address) && server.port === p.port,
    );
    return {
      members: mine.map((server) => ({
        name: `${server.backend}/${server.server}`,
        standing: standing(server) as string,
      })),
    };
  },
  want: (_p, now) => ({
    members:
      now === null || now.members.length === 0
        ? [{ name: 'any backend', standing: 'up' }]
        : now.members.map(({ name }) => ({ name, standing: 'up' })),
  }),
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  hopeless: (p, state) =>
    state?.members.length !== 0
      ? undefined
      : new OrchError('LB_MEMBER_UNKNOWN', `no backend of this HAProxy has a server ${p.address}:${p.port}`, {
          hint: `add "server <name> ${p.address}:${p.port} check" to the backend of pool "${p.pool}" in haproxy.cfg, or correct load_balancers.${p.pool} in the inventory`,
        }),
  unmet(p, state) {
    const bad = (state?.members ?? [])
      .filter((member) => member.standing !== 'up')
      .map((member) => `${member.name} is ${member.standing}`);
    return new OrchError(
      'LB_MEMBER_NOT_UP',
      `${p.pool}: ${bad.join(', ') || `${p.address}:${p.port} could not be read`}`,
      {
        hint: 'see why the balancer\'s health check fails: it must reach the check port on the member\'s address; "maintenance" and "drained" were set by hand',
      },
    );
  },
});

const asking = new WeakMap<Reader, ReturnType<typeof joined<readonly HaproxyServer[]>>>();

/** One reply tells of all members: however many are looked at together, the balancer is asked once. */
function serversOf(host: Reader, socket: string): Promise<readonly HaproxyServer[]> {
  const ask = asking.get(host) ?? joined<readonly HaproxyServer[]>();
  asking.set(host, ask);
  return ask(socket, async () => parseServersState(await host.haproxyShow(socket, 'servers state')));
}
