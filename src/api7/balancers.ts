import type { Steps } from '../core/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { haproxyMember } from '../lb/haproxy-member.ts';

/** Gates: every balancer of every pool that this host belongs to sends it traffic on these ports. */
export function* upInBalancers(
  inventory: Inventory,
  host: { readonly name: string; readonly address: string },
  ...ports: readonly number[]
): Steps {
  for (const pool of inventory.loadBalancers.values()) {
    if (pool.driver !== 'haproxy' || !ports.includes(pool.port) || !pool.members.includes(host.name)) continue;
    for (const balancer of pool.hosts)
      yield haproxyMember({ pool: pool.name, socket: pool.socket, address: host.address, port: pool.port }).delegate(
        balancer,
      );
  }
}
