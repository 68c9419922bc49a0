import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { Lease, Member } from '../core/host/balancer.ts';
import { emptiesPool } from '../core/play/empties-pool.ts';
import { defineGate } from '../core/task/define-gate.ts';
import type { Task } from '../core/task/task.ts';
import { holderOf } from './lease.ts';
import { getsRequests, readMember, takesOver } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject({
  ...where,
  /** Other members of the pool that do not leave with it. */
  others: z.array(z.custom<Member>()).readonly(),
  /** Waits until the other drain is withdrawn, and continues in any case: the caller reads again. */
  patient: z.boolean().default(false),
});

/** Members with a lease on this balancer's host, which are drained or about to be. */
type Leaving = readonly { readonly node: string; readonly lease: Lease }[];

const type = defineGate<typeof params, Leaving>({
  kind: 'othersTakeOver',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: others take the requests of ${member.node}`,
  onTimeout: ({ patient }) => (patient ? 'warn' : 'fail'),
  async look({ balancer, member, others }, host) {
    const poolMembers = await Promise.all(
      [member, ...others].map(async (each) => ({ node: each.node, ...(await readMember(balancer, host, each)) })),
    );
    const isEmptied = emptiesPool(poolMembers, {
      leaves: ({ node }) => node === member.node,
      serves: ({ servers }) => servers.some(getsRequests),
      takesOver: (each) => takesOver(each),
    });
    if (!isEmptied) return [];
    return poolMembers.flatMap(({ node, lease }) => (node === member.node || lease === null ? [] : [{ node, lease }]));
  },
  met: (_p, leaving) => leaving.length === 0,
  patience: ({ patient }) => ({ withinMs: patient ? 10_000 : 0, everyMs: 500, passes: 1 }),
  unmet: ({ balancer, member }, leaving) =>
    new OrchError(
      'NO_OTHER_MEMBER_UP',
      `${balancer.name}: no other member takes the requests of ${member.node}: ${leaving
        .map(({ node, lease }) => `${node} is being drained by ${holderOf(lease)}`)
        .join(', ')}`,
      {
        hint: 'nothing was changed; restore the other node first, or wait until it is back, then run the same command',
      },
    ),
});

/**
 * Gate between lease and drain, one reading: no other drain has begun meanwhile that, together with this one, leaves no
 * member that accepts requests. Both sides write their lease before they read, so at least one of them sees the other.
 *
 * @throws OrchError NO_OTHER_MEMBER_UP
 */
export const othersTakeOver = (p: z.input<typeof params>): Task<string> => type(p).delegate(p.balancer.host);
