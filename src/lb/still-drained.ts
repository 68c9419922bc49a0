import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { BalancerView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { isEmptying } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** The process that was told to drain; left out: any. */
  epoch: z.string().optional(),
});

const type = defineGate<typeof params, BalancerView>({
  kind: 'stillOut',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is still out of traffic`,
  look: ({ balancer, member }, host) => balancer.view(host, member),
  met: (p, { servers, epoch }) => servers.every(isEmptying) && (p.epoch === undefined || p.epoch === epoch),
  unmet({ balancer, member, epoch }, now) {
    const back = now.servers.filter((server) => !isEmptying(server));
    const what =
      back.length > 0
        ? back.map(({ name, state }) => `${name} is ${state === 'drained' ? STICKY : state}`).join(', ')
        : `it was reloaded or restarted since (${epoch} is now ${now.epoch})`;
    return new OrchError('DRAIN_LOST', `${balancer.name} no longer keeps ${member.node} out of traffic: ${what}`, {
      hint: 'nothing was stopped; do not reload or change the balancer during a run, then run this again',
      retryable: true,
    });
  },
});

const STICKY = 'drained, but some requests stick to it';

/**
 * One look: the balancer gives the node nothing, not even what sticks to it, and it is the process that was told so.
 *
 * @throws OrchError DRAIN_LOST
 */
export const stillDrained = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
