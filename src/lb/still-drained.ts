import { z } from 'zod';
import type { OrchError } from '../core/base/errors.ts';
import type { Lease, MemberView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { drainLost } from './keeps-drained.ts';
import { isOfAnotherRun, nodeHeld, nodeTaken } from './lease.ts';
import { getsNoRequests, readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Epoch of the process that received the drain; absent: any. */
  epoch: z.string().optional(),
  /** Id of the draining run; absent: any. */
  run: z.string().optional(),
  /** An operator may hold it by now; false: that is an error. */
  evenHeld: z.boolean().default(true),
});

type Params = z.output<typeof params>;

const type = defineGate<typeof params, MemberView>({
  kind: 'stillDrained',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: ${member.node} is still drained`,
  look: ({ balancer, member }, host) => readMember(balancer, host, member),
  met: (p, { servers, epoch, lease }) =>
    otherHolder(p, lease) === undefined &&
    servers.every(getsNoRequests) &&
    (p.epoch === undefined || p.epoch === epoch),
  unmet(p, now) {
    const { balancer, member, epoch } = p;
    const other = otherHolder(p, now.lease);
    if (other !== undefined) return other;
    const back = now.servers.filter((server) => !getsNoRequests(server));
    const why =
      back.length > 0
        ? back.map(({ name, state }) => `${name} is ${state === 'drained' ? STICKY : state}`).join(', ')
        : `balancer reloaded or restarted (process ${epoch} → ${now.epoch})`;
    return drainLost(balancer, member, why);
  },
});

/** An operator or another run has taken over the node since its drain. */
function otherHolder({ balancer, member, run, evenHeld }: Params, lease: Lease | null): OrchError | undefined {
  if (lease === null) return undefined;
  if (isOfAnotherRun(lease, run)) return nodeTaken(member.node, balancer.name, lease);
  return lease.kind === 'hand' && !evenHeld ? nodeHeld(member.node, balancer.name, lease) : undefined;
}

const STICKY = 'drained, but some requests stick to it';

/**
 * One reading: the balancer sends the node no requests, sticky ones included, and is the process that received the
 * drain.
 *
 * @throws OrchError DRAIN_LOST | NODE_HELD | NODE_TAKEN
 */
export const stillDrained = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
