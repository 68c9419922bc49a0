import { z } from 'zod';
import type { CheckTiming } from '../core/host/balancer.ts';
import { defineQuery } from '../core/task/define-query.ts';
import type { Task } from '../core/task/task.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineQuery<typeof params, CheckTiming>({
  kind: 'checkTiming',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: timing of the health checks of ${member.node}`,
  look: ({ balancer, member }, host) => balancer.timing(host, member),
});

/**
 * How often and with which thresholds a balancer checks a node, and the source of that. One reading; changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY
 */
export const checkTiming = (p: z.input<typeof params>): Task<CheckTiming> => type(p).delegate(p.balancer.host);
