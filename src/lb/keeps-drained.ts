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
  unmet: ({ balancer, member }, servers) => drainLost(balancer, member, statesOf(servers.filter(acceptsRequests))),
});

/**
 * One reading while a drained node still has requests: the balancer sends it no new ones.
 *
 * @throws OrchError DRAIN_LOST
 */
export const keepsDrained = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);

/** The error if a balancer sends requests again to a drained node: waiting longer cannot help. */
export const drainLost = ({ name }: Balancer, { node }: Member, why: string): OrchError =>
  new OrchError('DRAIN_LOST', `${name}: drain of ${node} lost: ${why}`, {
    hint: 'no container was stopped; do not reload or change the balancer during a run; run the same command to resume',
    retryable: true,
  });

/** Servers with their states, for messages. */
export const statesOf = (servers: readonly Pick<ServerView, 'name' | 'state'>[]): string =>
  servers.map(({ name, state }) => `${name} is ${state}`).join(', ');
