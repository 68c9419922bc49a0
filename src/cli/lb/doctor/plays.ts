import { type Plays, play } from '../../../core/play/play.ts';
import type { Inventory } from '../../../inventory/inventory.ts';
import { nameList } from '../../../render/lines/paint.ts';
import { noLeftover } from '../../../tasks/leftovers.ts';
import { upInBalancers } from '../../../traffic/gates/up-in-balancers.ts';
import type { Diagnosis } from './diagnose.ts';

/**
 * Repairs what was found. A node is restored as by any run: its program only wants it in service, so the rolling change gives back what
 * an earlier run left, once it is ready, one node after another.
 */
export function* fixPlays(inventory: Inventory, { clean, nodes }: Pick<Diagnosis, 'clean' | 'nodes'>): Plays {
  const hosts = [...clean.keys()];
  // A host of which only the lock is left has no tasks: the lock goes when this run takes it over and releases it.
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
      // One that is not ready keeps no other one out of traffic.
      rolling: { batch: 1, maxFailures: nodes.length },
      *tasks(host) {
        const pools = [...inventory.loadBalancers.values()];
        yield* upInBalancers(inventory, host, ...pools.flatMap(({ port }) => port ?? []));
      },
    });
}
