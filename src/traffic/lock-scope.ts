import type { LockScope } from '../core/host/lock-scope.ts';
import type { Inventory } from '../inventory/inventory.ts';

/**
 * Hosts to lock before these are changed, including the balancers of their pools. If one of those is left out, or a
 * pool has none that can be locked, more than half of its members.
 *
 * @example const scope = lockScopeOf(inventory, ['lb-2']); scope(['gw-1']).balancers // ['lb-1']
 */
export const lockScopeOf =
  ({ loadBalancers }: Inventory, withoutLb: readonly string[] = []) =>
  (names: readonly string[]): LockScope => {
    const pools = [...loadBalancers.values()].filter(({ members }) => members.some((member) => names.includes(member)));
    const balancers = new Set<string>();
    const majorities: (readonly string[])[] = [];
    for (const pool of pools) {
      const hosts = 'hosts' in pool ? pool.hosts : [];
      const kept = hosts.filter((host) => !withoutLb.includes(host));
      for (const host of kept) balancers.add(host);
      if (kept.length === 0 || kept.length < hosts.length) majorities.push(pool.members);
    }
    return { names, balancers: [...balancers], majorities };
  };
