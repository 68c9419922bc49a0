import { z } from 'zod';
import type { Counters } from '../core/host/balancer.ts';
import { defineQuery } from '../core/task/define-query.ts';
import type { Task } from '../core/task/task.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineQuery<typeof params, Counters | null>({
  kind: 'counted',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: requests and errors of ${member.node}`,
  look: ({ balancer, member }, host) => balancer.counters(host, member),
});

/**
 * A balancer's totals for a node; `null` if it does not count. One reading; changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY
 */
export const counted = (p: z.input<typeof params>): Task<Counters | null> => type(p).delegate(p.balancer.host);
