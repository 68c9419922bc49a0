import { z } from 'zod';
import type { MemberView } from '../core/host/balancer.ts';
import { defineTask } from '../core/task/define-task.ts';
import type { Task } from '../core/task/task.ts';
import { asPlainData, type Plain } from './plain.ts';
import { readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineTask<typeof params, void, Plain<MemberView>, MemberView>({
  kind: 'standing',
  params,
  impact: 'none',
  claim: ({ balancer, member }) => `gate:${balancer.name} ${member.node}`,
  title: ({ balancer, member }) => `${balancer.pool}: how ${member.node} stands`,
  read: async ({ balancer, member }, host) => asPlainData(await readMember(balancer, host, member)),
  want: (_p, now) => now,
  result: (state) => state,
});

/**
 * How a balancer treats a node: `yield*` gives it. Looks once and changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_ANSWER | LB_LEASE
 * @example const { servers, lease, held, epoch } = yield* standing({ balancer, member });
 */
export const memberView = (p: z.input<typeof params>): Task<MemberView> => type(p).delegate(p.balancer.host);
