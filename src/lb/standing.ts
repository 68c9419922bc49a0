import { z } from 'zod';
import type { MemberView } from '../core/balancer.ts';
import { defineQuery } from '../core/define-query.ts';
import type { Task } from '../core/task.ts';
import { look } from './look.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineQuery<typeof params, MemberView>({
  kind: 'standing',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: how ${member.node} stands`,
  look: ({ balancer, member }, host) => look(balancer, host, member),
});

/**
 * How a balancer treats a node: `yield*` gives it. Looks once and changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_ANSWER | LB_LEASE
 * @example const { servers, lease, held, epoch } = yield* standing({ balancer, member });
 */
export const standing = (p: z.input<typeof params>): Task<MemberView> => type(p).delegate(p.balancer.host);
