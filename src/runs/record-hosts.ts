import type { Inventory } from '../inventory/inventory.ts';

/** The part of a run's lock scope that its record needs. */
interface Locked {
  readonly names: readonly string[];
  readonly balancers: readonly string[];
}

/** Hosts that get the record of a run: the balancers that it locks, else its first host. */
export const recordHosts = ({ names, balancers }: Locked): readonly string[] =>
  balancers.length > 0 ? balancers : names.slice(0, 1);

/**
 * Hosts that may have a record: the balancers, and hosts without a balancer. A run on other hosts has its record on
 * their balancers.
 *
 * @example hostsWithRecords(inventory, ['lb-2']) // ['lb-1', 'bastion']
 */
export function hostsWithRecords(
  { hosts, loadBalancers }: Inventory,
  withoutLb: readonly string[] = [],
): readonly string[] {
  const found = new Set<string>();
  const balanced = new Set<string>();
  for (const pool of loadBalancers.values()) {
    const balancers = ('hosts' in pool ? pool.hosts : []).filter((host) => !withoutLb.includes(host));
    for (const host of balancers) found.add(host);
    if (balancers.length > 0) for (const member of pool.members) balanced.add(member);
  }
  for (const host of hosts.keys()) if (!balanced.has(host) && !withoutLb.includes(host)) found.add(host);
  return [...found];
}
