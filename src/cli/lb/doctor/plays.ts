import { type Plays, play } from '../../../core/play/play.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import { adoptionPreflight } from '../../../programs/adoption.ts';
import { nameList } from '../../../render/lines/paint.ts';
import { noLeftover } from '../../../tasks/leftovers.ts';
import { upInBalancers } from '../../../traffic/gates/up-in-balancers.ts';
import type { Diagnosis } from './diagnose.ts';

/**
 * Repairs the findings. A node is restored like in any run: its program only requires it in service, so the rolling
 * change restores ready nodes that an earlier run left drained, one by one.
 */
export function* fixPlays(inventory: Inventory, { clean, nodes }: Pick<Diagnosis, 'clean' | 'nodes'>): Plays {
  const hosts = [...clean.keys()];
  // A host with only a lock left has no tasks: this run takes the lock over and releases it.
  if (hosts.length > 0)
    yield* play({
      name: `Clean up ${nameList(hosts)}`,
      hosts: hosts.join(','),
      *tasks({ name }) {
        for (const left of clean.get(name) ?? []) yield noLeftover(left);
      },
    });
  if (nodes.length > 0)
    yield* play({
      name: `Restore ${nameList(nodes)}`,
      hosts: nodes.join(','),
      // A node that is not ready does not prevent the restore of others.
      rolling: { batch: 1, maxFailures: nodes.length },
      *tasks(host) {
        yield* adoptionPreflight(inventory, host, undefined);
        const pools = [...inventory.loadBalancers.values()];
        yield* upInBalancers(inventory, host, ...pools.flatMap(({ port }) => port ?? []));
      },
    });
}
