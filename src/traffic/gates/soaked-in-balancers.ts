import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import type { Steps } from '../../core/task/task.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { readMember } from '../../lb/read-member.ts';
import { nodeBalancingOf, type PoolMember } from '../pool-member.ts';

/** Gates: on each balancer of this host its soak is passed, and no run's drain is left. */
export function* soakedInBalancers(inventory: Inventory, host: { readonly name: string }): Steps {
  for (const poolMember of nodeBalancingOf(inventory, host.name, new Set())?.poolMembers ?? [])
    yield soaked({ poolMember }).delegate(poolMember.balancer.host);
}

const params = z.strictObject({ poolMember: z.custom<PoolMember>() });

/** Gate: a run that was killed during the soak has left a mark, or the lease of a canary. The rolling change soaks such a node first. */
const soaked = defineGate<typeof params, boolean>({
  kind: 'soaked',
  params,
  inTraffic: true,
  title: ({ poolMember: { balancer, member } }) => `${balancer.pool}: the soak of ${member.node} is passed`,
  async look({ poolMember: { balancer, member } }, host) {
    const { lease, soaking } = await readMember(balancer, host, member);
    return soaking === undefined && lease?.kind !== 'run';
  },
  met: (_p, isPassed) => isPassed,
  patience: () => ({ withinMs: 0, everyMs: 500, passes: 1 }),
  unmet: ({ poolMember: { balancer, member } }) =>
    new OrchError('NOT_RESTORED', `${balancer.name}: the soak of ${member.node} is not passed`, {
      hint: 'run the same command again: it soaks this node before it drains any other',
    }),
});
