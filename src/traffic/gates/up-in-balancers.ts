import { z } from 'zod';
import { OrchError } from '../../core/base/errors.ts';
import type { Lease, ServerView } from '../../core/host/balancer.ts';
import type { Reader } from '../../core/host/connection.ts';
import { defineGate } from '../../core/task/define-gate.ts';
import type { Steps } from '../../core/task/task.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { holderOf } from '../../lb/lease.ts';
import { downAlone, heldServers, isDrainedOrMaintenance, isInService, readMember } from '../../lb/read-member.ts';
import { nodeBalancingOf, type PoolMember } from '../pool-member.ts';

/** Gates: each balancer of each pool of this host sends it traffic on these ports. */
export function* upInBalancers(
  inventory: Inventory,
  host: { readonly name: string },
  ...ports: readonly number[]
): Steps {
  for (const poolMember of nodeBalancingOf(inventory, host.name, new Set())?.poolMembers ?? [])
    if (ports.includes(poolMember.member.port)) yield usedByBalancer({ poolMember }).delegate(poolMember.balancer.host);
}

const params = z.strictObject({ poolMember: z.custom<PoolMember>() });

interface Unused {
  /** Servers that are not in service, without held ones. */
  readonly servers: readonly ServerView[];
  readonly lease: Lease | null;
}

/**
 * Gate: a balancer sends a node traffic, or the node is held. A held node stays drained, which is no failure of the
 * change.
 *
 * @throws OrchError LB_MEMBER_UNKNOWN | NOT_RESTORED at once; LB_MEMBER_NOT_UP
 */
const usedByBalancer = defineGate<typeof params, Unused>({
  kind: 'usedByBalancer',
  params,
  inTraffic: true,
  title: ({ poolMember: { balancer, member } }) => `${balancer.pool}: ${member.node} is in service`,
  async look({ poolMember }, host) {
    const { servers, held, lease } = await serversAndHeld(poolMember, host);
    // A failure in one backend while the node serves in another is not the node's failure.
    const ignored = [...held, ...downAlone(servers)];
    const unused = servers.filter((server) => !isInService(server) && !ignored.includes(server.name));
    return { servers: unused, lease };
  },
  met: (_p, { servers }) => servers.length === 0,
  // This run has done its restores: a node still drained under a run's lease stays so.
  cannotRecover: ({ poolMember: { balancer, member } }, { servers, lease }) =>
    lease?.kind === 'run' && servers.some(isDrainedOrMaintenance)
      ? new OrchError('NOT_RESTORED', `${balancer.name}: ${member.node} is still drained by ${holderOf(lease)}`, {
          hint: `if that run has ended, run the same command again, or: api7-orch lb restore ${member.node}`,
        })
      : undefined,
  patience: () => ({ withinMs: 60_000, everyMs: 500, passes: 1 }),
  unmet({ poolMember: { balancer } }, { servers }) {
    const what = servers.map(({ name, state }) => `${name} is ${state}`).join(', ');
    return new OrchError('LB_MEMBER_NOT_UP', `${balancer.name}: ${what}`, {
      hint: "check the balancer's health check: it must reach the check port on the member's address",
    });
  },
});

/** Reads the held servers only if some server is drained: otherwise one reply of the balancer is enough. */
async function serversAndHeld(
  { balancer, member }: PoolMember,
  host: Reader,
): Promise<Unused & { readonly held: readonly string[] }> {
  const { servers } = await balancer.view(host, member);
  if (!servers.some(isDrainedOrMaintenance)) return { servers, held: [], lease: null };
  const view = await readMember(balancer, host, member);
  return { servers: view.servers, held: heldServers(view), lease: view.lease };
}
