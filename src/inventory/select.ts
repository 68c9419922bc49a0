import type { Inventory, InventoryHost } from './inventory.ts';
import { matchPattern } from './pattern.ts';

/**
 * The hosts that a pattern selects, in inventory order: names, groups, `all`, globs, `~` and a regular expression,
 * unions (`,` or `:`), `!exclusions`, `&intersections`, indexes and slices.
 *
 * @throws OrchError NO_HOSTS_MATCHED with the known names; PATTERN_INVALID
 * @example selectHosts(inventory, 'data_plane:!gw-3')
 */
export function selectHosts(inventory: Pick<Inventory, 'hosts' | 'groups'>, pattern: string): readonly InventoryHost[] {
  const matched = new Set(matchPattern({ hosts: [...inventory.hosts.keys()], groups: inventory.groups }, pattern));
  return [...inventory.hosts.values()].filter(({ name }) => matched.has(name));
}
