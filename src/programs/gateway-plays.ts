import { type PlayOptions, type Plays, play } from '../core/play/play.ts';
import type { Inventory } from '../inventory/inventory.ts';

/**
 * One play for each gateway group, one after another: a group has its canaries and its soak to itself, and the next one begins only
 * when all of its gateways serve.
 *
 * @example yield* gatewayPlays(inventory, { name: 'Restart gateways', rolling, *tasks(host) { … } });
 */
export function* gatewayPlays({ gatewayGroups }: Inventory, options: Omit<PlayOptions<void>, 'hosts'>): Plays {
  for (const { name, pattern } of gatewayGroups.values())
    yield* play({
      ...options,
      name: gatewayGroups.size === 1 ? options.name : `${options.name} of group ${name}`,
      hosts: pattern,
    });
}
