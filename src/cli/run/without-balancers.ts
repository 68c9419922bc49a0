import type { Inventory, LoadBalancerSettings } from '../../inventory/inventory.ts';

/** The inventory for a playbook while balancers are left out: a run sends them nothing. */
export function withoutBalancers(inventory: Inventory, gone: readonly string[]): Inventory {
  if (gone.length === 0) return inventory;
  const kept = [...inventory.loadBalancers].map(([name, pool]): [string, LoadBalancerSettings] => [
    name,
    pool.driver === 'none' ? pool : { ...pool, hosts: pool.hosts.filter((host) => !gone.includes(host)) },
  ]);
  return { ...inventory, loadBalancers: new Map(kept) };
}
