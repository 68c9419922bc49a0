import { z } from 'zod';
import type { CheckTiming } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { asPlainData, type Plain } from './plain.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineTask<typeof params, void, Plain<CheckTiming>, CheckTiming>({
  kind: 'checkTiming',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node} timing`,
  title: ({ balancer, member }) => `${balancer.pool}: timing of the health checks of ${member.node}`,
  read: async ({ balancer, member }, host) => asPlainData(await balancer.timing(host, member)),
  want: (_p, now) => now,
  result: (state) => state,
});

/**
 * How often and how patiently a balancer checks a node, and how that is known. Looks once and changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_ANSWER
 */
export const checkTiming = (p: z.input<typeof params>): Task<CheckTiming> => type(p).delegate(p.balancer.host);
