import { z } from 'zod';
import type { MemberView } from '../core/host/balancer.ts';
import { defineQuery } from '../core/task/define-query.ts';
import type { Task } from '../core/task/task.ts';
import { readMember } from './read-member.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

const type = defineQuery<typeof params, MemberView>({
  kind: 'memberView',
  params,
  title: ({ balancer, member }) => `${balancer.pool}: state of ${member.node}`,
  look: ({ balancer, member }, host) => readMember(balancer, host, member),
});

/**
 * A balancer's view of a node, as the result of `yield*`. One reading; changes nothing.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY | LEASE_INVALID
 * @example const { servers, lease, held, epoch } = yield* memberView({ balancer, member });
 */
export const memberView = (p: z.input<typeof params>): Task<MemberView> => type(p).delegate(p.balancer.host);
