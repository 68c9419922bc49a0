import type { GatewayAuth, GatewayGroup, Inventory } from './inventory.ts';

/**
 * The gateway group of a host. A host without a group, which only a pool names as a gateway, counts as one of the first
 * group.
 *
 * @example gatewayGroupOf(inventory, 'gw-1').endpoints // ['https://10.0.0.10:7943']
 */
export function gatewayGroupOf({ gatewayGroups }: Pick<Inventory, 'gatewayGroups'>, host: string): GatewayGroup {
  const groups = [...gatewayGroups.values()];
  const found = groups.find(({ hosts }) => hosts.includes(host)) ?? groups[0];
  if (found === undefined) throw new Error('an inventory without a gateway group was resolved');
  return found;
}

/** How the gateway on a host logs in to the control plane. */
export const gatewayAuthOf = (group: GatewayGroup, host: string): GatewayAuth =>
  group.authByHost.get(host) ?? group.auth;
