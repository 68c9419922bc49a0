import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Lease } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { holderOf, readLease } from './lease.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineGate<typeof params, Lease | null>({
  kind: 'notBeingRestored',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: nothing restores ${member.node}`,
  onTimeout: 'warn',
  look: async ({ balancer, member }, host) => (await readLease(host, balancer.pool, member.node)).lease,
  met: (_p, lease) => lease?.restoring === undefined,
  patience: () => ({ withinMs: 10_000, everyMs: 500, passes: 1 }),
  unmet: ({ balancer, member }, lease) =>
    new OrchError(
      'LB_BUSY',
      `${balancer.name}: a restore of ${member.node} has not ended: ${lease === null ? 'its lease is gone' : holderOf(lease)}; it is drained all the same`,
      { hint: 'the run that restored it was probably killed; check with lb status that the node stays drained' },
    ),
});

/**
 * Gate before an operator's drain: no run is restoring the node now. The commands of such a run would arrive after the
 * drain and undo it. If that run was killed, the wait ends after this time.
 *
 * @example yield notBeingRestored({ balancer, member });
 */
export const notBeingRestored = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
