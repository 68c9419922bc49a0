import { z } from 'zod';
import { OrchError } from '../core/base/errors.ts';
import type { BalancerView } from '../core/host/balancer.ts';
import { defineGate } from '../core/task/define-gate.ts';
import { where } from './task-params.ts';

const params = z.strictObject(where);

/**
 * Gate, one reading: the balancer has a server with the member's address and port, in any state.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | LB_UNREACHABLE | LB_INVALID_REPLY
 */
export const memberKnown = defineGate<typeof params, BalancerView>({
  kind: 'memberKnown',
  params,
  title: ({ balancer, member }) => `${balancer.name} has a server for ${member.node}`,
  look: ({ balancer, member }, host) => balancer.view(host, member),
  met: (_p, { servers }) => servers.length > 0,
  unmet: ({ balancer, member }) =>
    new OrchError('LB_MEMBER_UNKNOWN', `${balancer.name} has no server for ${member.node}`),
});
