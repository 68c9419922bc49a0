import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Balancer, Member, ServerView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { acceptsRequests } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineGate<typeof params, readonly ServerView[]>({
  kind: 'keepsDrained',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} gets no new requests`,
  look: async ({ balancer, member }, host) => (await balancer.view(host, member)).servers,
  met: (_p, servers) => !servers.some(acceptsRequests),
  unmet: ({ balancer, member }, servers) => drainLost(balancer, member, servers),
});

/**
 * One reading while a drained node still has requests: the balancer sends it no new ones.
 *
 * @throws OrchError DRAIN_LOST
 */
export const keepsDrained = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);

/** The error if a balancer sends requests again to a drained node: waiting longer cannot help. */
export function drainLost(
  { name }: Balancer,
  { node }: Member,
  servers: readonly Pick<ServerView, 'name' | 'state'>[],
): OrchError {
  const back = servers.filter(acceptsRequests).map((server) => `${server.name} is ${server.state}`);
  return new OrchError('DRAIN_LOST', `${name} no longer keeps ${node} drained: ${back.join(', ')}`, {
    hint: 'nothing was stopped; do not reload or change the balancer while a node is drained, then run this again',
    retryable: true,
  });
}
