import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { isEmptying } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** The process that was told to drain; left out: any. */
  epoch: z.string().optional(),
});

type Still = { readonly epoch: string; readonly servers: { readonly [name: string]: string } };

const OUT = 'out of traffic';

const type = defineTask<typeof params, void, Still, void>({
  kind: 'stillOut',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node} out`,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is still out of traffic`,
  async read({ balancer, member }, host) {
    const { servers, epoch } = await balancer.view(host, member);
    const words = servers.map((server): readonly [string, string] => [
      server.name,
      isEmptying(server) ? OUT : server.state === 'drained' ? 'drained, but some requests stick to it' : server.state,
    ]);
    return { epoch, servers: Object.fromEntries(words) };
  },
  want: ({ epoch }, now) => ({
    epoch: epoch ?? now?.epoch ?? '',
    servers: Object.fromEntries(Object.keys(now?.servers ?? {}).map((name) => [name, OUT])),
  }),
  unmet({ balancer, member, epoch }, state) {
    const back = Object.entries(state?.servers ?? {}).filter(([, word]) => word !== OUT);
    const what =
      back.length > 0
        ? back.map(([name, word]) => `${name} is ${word}`).join(', ')
        : `it was reloaded or restarted since (${epoch} is now ${state?.epoch ?? 'unknown'})`;
    return new OrchError('DRAIN_LOST', `${balancer.name} no longer keeps ${member.node} out of traffic: ${what}`, {
      hint: 'nothing was stopped; do not reload or change the balancer during a run, then run this again',
      retryable: true,
    });
  },
});

/**
 * One look: the balancer gives the node nothing, not even what sticks to it, and it is the process that was told so.
 *
 * @throws OrchError DRAIN_LOST
 */
export const stillDrained = (p: z.input<typeof params>): Task<void> => type(p).delegate(p.balancer.host);
