import { registriesAsked } from '../../api7/images.ts';
import { serviceBehind } from '../../api7/services.ts';
import { registryOf } from '../../core/base/registry-of.ts';
import { gatewayGroupOf } from '../../inventory/gateway-group.ts';
import type { Inventory, LoadBalancerSettings } from '../../inventory/inventory.ts';
import { type Advice, groupPlaces } from './advice.ts';
import { aboutEndpoints } from './endpoints.ts';

/** All recommendations for a valid inventory. */
export const adviceFor = (inventory: Inventory): readonly Advice[] => [
  ...aboutLogins(inventory),
  ...aboutEndpoints(inventory),
  ...aboutProbes(inventory),
  ...aboutRegistries(inventory),
  ...aboutHosts(inventory),
];

/**
 * A token or certificate belongs to one gateway group of API7: with another group's login a gateway gets other routes,
 * or none.
 */
function aboutLogins({ gatewayGroups }: Inventory): readonly Advice[] {
  const byLogin = Map.groupBy([...gatewayGroups.values()], ({ auth }) =>
    auth.kind === 'token' ? auth.token.reveal() : auth.cert,
  );
  return [...byLogin.values()].flatMap((groups): readonly Advice[] => {
    const [first] = groups;
    if (first === undefined || new Set(groups.map(({ group }) => group)).size < 2) return [];
    return [
      {
        places: groupPlaces(first.name, first.auth.kind === 'token' ? 'token' : 'cert'),
        message: `gateway groups ${groups.map(({ name }) => name).join(' and ')} log in with the same ${first.auth.kind}`,
        hint: 'give each gateway group the token or certificate that API7 has made for it',
      },
    ];
  });
}

function aboutProbes(inventory: Inventory): readonly Advice[] {
  const { gatewayGroups, loadBalancers } = inventory;
  const without = [...gatewayGroups.values()].filter(
    ({ probe, name }) =>
      probe === undefined && [...loadBalancers.values()].some((pool) => balances(inventory, pool, name)),
  );
  const [first] = without;
  if (first === undefined) return [];
  const [who, key, place] =
    gatewayGroups.size === 1
      ? (['gateways have', 'api7.gateway.probe', ['api7', 'gateway']] as const)
      : ([
          `gateways of ${without.map(({ name }) => name).join(', ')} have`,
          `gateway_groups.${first.name}.probe`,
          ['gateway_groups', first.name],
        ] as const);
  return [
    {
      places: [place],
      message: `${who} no probe; without one a version whose routes fail is found only by failed requests of clients`,
      hint: `set ${key} to a request that each gateway must answer; then such a node gets no traffic at all`,
    },
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

/** An unused login often has a misspelt registry. */
function aboutRegistries({ api7 }: Inventory): readonly Advice[] {
  const asked = registriesAsked(api7);
  const why =
    api7.package === undefined
      ? `images come from ${[...asked].join(', ')}`
      : 'images come from the packages of api7.package';
  return Object.keys(api7.registries ?? {})
    .filter((name) => !asked.has(registryOf(`${name}/any`)))
    .map((name) => ({
      places: [['api7', 'registries', name]],
      message: `no image is pulled from this registry: ${why}`,
      hint: 'correct its name, name it in api7.registry or api7.images, or remove it',
    }));
}

/** Playbooks find hosts by their groups, balancers by their pools. */
function aboutHosts({ hosts, loadBalancers }: Inventory): readonly Advice[] {
  const balancers = new Set(
    [...loadBalancers.values()].flatMap((pool) =>
      pool.driver === 'none' ? pool.members : [...pool.hosts, ...pool.members],
    ),
  );
  return [...hosts.values()]
    .filter(({ name, groups }) => groups.length === 0 && !balancers.has(name))
    .map(({ name }) => ({
      places: [['hosts', name]],
      message: 'this host is in no group, and no pool names it: playbooks install nothing there',
      hint: 'add it to control_plane, data_plane or load_balancer under groups, or remove it',
    }));
}
