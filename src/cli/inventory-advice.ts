import { serviceBehind } from '../api7/services.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { Inventory, LoadBalancerSettings } from '../inventory/inventory.ts';

/** Recommendations for a valid inventory, in lines for the operator. */
export const adviceFor = (inventory: Inventory): readonly string[] => [
  ...aboutLogins(inventory),
  ...aboutTls(inventory),
  ...aboutProbes(inventory),
];

/**
 * A token or certificate belongs to one gateway group of API7: with another group's login a gateway gets other routes,
 * or none.
 */
function aboutLogins({ gatewayGroups }: Inventory): readonly string[] {
  const byLogin = Map.groupBy([...gatewayGroups.values()], ({ auth }) =>
    auth.kind === 'token' ? auth.token.reveal() : auth.cert,
  );
  return [...byLogin.values()].flatMap((groups) =>
    new Set(groups.map(({ group }) => group)).size < 2
      ? []
      : [
          `recommended: gateway groups ${groups.map(({ name }) => name).join(' and ')} log in with the same ${groups[0]?.auth.kind}`,
          'hint: give each gateway group the token or certificate that API7 has made for it',
        ],
  );
}

/** DP Manager requires certificates on its TLS port only. Another proxy may publish it. */
function aboutTls({ api7, gatewayGroups, groups }: Inventory): readonly string[] {
  const byCertificate = [...gatewayGroups.values()].some(({ auth, authByHost }) =>
    [auth, ...authByHost.values()].some(({ kind }) => kind === 'certificate'),
  );
  const publishes = api7.dpManager.ports.some(({ name }) => name === 'https');
  if (!byCertificate || publishes || !groups.has('control_plane')) return [];
  return [
    'recommended: gateways log in by certificate, but the TLS port of DP Manager is not published: they cannot connect',
    'hint: set api7.dp_manager.ports.https to 7943',
  ];
}

function aboutProbes(inventory: Inventory): readonly string[] {
  const { gatewayGroups, loadBalancers } = inventory;
  const without = [...gatewayGroups.values()].filter(
    ({ probe, name }) =>
      probe === undefined && [...loadBalancers.values()].some((pool) => balances(inventory, pool, name)),
  );
  if (without.length === 0) return [];
  const [who, key] =
    gatewayGroups.size === 1
      ? ['gateways have', 'api7.gateway.probe']
      : [`gateways of ${without.map(({ name }) => name).join(', ')} have`, `gateway_groups.${without[0]?.name}.probe`];
  return [
    `recommended: ${who} no probe; without one a version whose routes fail is found only by failed requests of clients`,
    `hint: set ${key} to a request that each gateway must answer; then such a node gets no traffic at all`,
  ];
}

/** Whether a pool sends requests to gateways of a group. */
const balances = (inventory: Inventory, { port, members }: LoadBalancerSettings, group: string): boolean =>
  members.some((node) => {
    const isGateway =
      port === undefined
        ? inventory.groups.get('data_plane')?.includes(node) === true
        : serviceBehind(inventory, { node, port })?.name === 'gateway';
    return isGateway && gatewayGroupOf(inventory, node).name === group;
  });
