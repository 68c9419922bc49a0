import { GATEWAY } from '../api7/services.ts';
import type { Inventory, LoadBalancerSettings } from '../inventory/inventory.ts';

/** What a valid inventory could say besides, in lines for the operator. */
export function adviceFor({ api7, groups, loadBalancers }: Inventory): readonly string[] {
  if (api7.gateway.probe !== undefined) return [];
  const gateways = groups.get('data_plane') ?? [];
  const isOfGateways = ({ port, members }: LoadBalancerSettings): boolean =>
    port === undefined ? members.some((name) => gateways.includes(name)) : GATEWAY.ports.includes(port);
  const pools = [...loadBalancers.values()].filter(isOfGateways).map(({ name }) => name);
  if (pools.length === 0) return [];
  return [
    `recommended: no probe is set for the gateways of ${pools.join(', ')}: a version whose routes fail is found only by failed requests of clients`,
    'hint: set api7.gateway.probe to a request that each gateway must answer; then such a node gets no traffic at all',
  ];
}
