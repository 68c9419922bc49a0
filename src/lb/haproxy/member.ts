import { z } from 'zod';
import { duration } from '../../core/base/duration-param.ts';
import { OrchError } from '../../core/base/errors.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import { isInService, NOT_UP_HINT } from '../read-member.ts';
import { haproxy } from './haproxy.ts';

/**
 * Gate: HAProxy sends traffic to a member. Members are matched by address and port in every backend. An unknown member
 * is an error at once, because waiting would not add it. Delegate the gate to the host that runs HAProxy.
 *
 * @example yield haproxyMember({ pool: 'gateways', socket: '/run/haproxy/admin.sock', address: host.address, port: 9080
 *   }).delegate('lb-1');
 */
export const haproxyMember = defineGate({
  kind: 'haproxyMember',
  params: z.object({
    pool: z.string(),
    socket: z.string(),
    address: z.string(),
    port: z.number().int(),
    within: duration.default(60_000),
  }),
  title: (p) => `${p.pool}: ${p.address}:${p.port} is up`,
  inTraffic: true,
  async look({ pool, socket, address, port }, host) {
    const balancer = haproxy({ pool, host: host.name, socket });
    const { servers } = await balancer.view(host, { node: `${address}:${port}`, address, port });
    return servers;
  },
  met: (_p, servers) => servers.every(isInService),
  patience: (p) => ({ withinMs: p.within, everyMs: 500, passes: 1 }),
  unmet(p, servers) {
    const bad = servers.filter((server) => !isInService(server)).map(({ name, state }) => `${name} is ${state}`);
    return new OrchError('LB_MEMBER_NOT_UP', `${p.pool}: ${bad.join(', ')}`, {
      hint: NOT_UP_HINT,
    });
  },
});
