import { z } from 'zod';
import type { Counters } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { asPlainData, type Plain } from './plain.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineTask<typeof params, void, { readonly counters: Plain<Counters> | null }, Counters | null>({
  kind: 'counted',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node} counters`,
  title: ({ balancer, member }) => `${balancer.pool}: requests and errors of ${member.node}`,
  read: async ({ balancer, member }, host) => ({ counters: asPlainData(await balancer.counters(host, member)) }),
  want: (_p, now) => now,
  result: ({ counters }) => counters,
});

/**
 * A balancer's totals for a node; `null` where it does not count. Looks once and changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_ANSWER
 */
export const counted = (p: z.input<typeof params>): Task<Counters | null> => type(p).delegate(p.balancer.host);
