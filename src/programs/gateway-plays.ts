import { type PlayOptions, type Plays, play } from '../core/play/play.ts';
import type { Inventory } from '../inventory/inventory.ts';

/**
 * One play for each gateway group, one after another: each group has its own canaries and soak, and the next one starts
 * only when all its gateways are in service.
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
