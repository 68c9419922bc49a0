import { hostPort, serviceBehind } from '../../api7/services.ts';
import type { GatewayGroup, Inventory } from '../../inventory/inventory.ts';
import { PORTS } from '../../inventory/ports.ts';
import { type Advice, groupPlaces } from './advice.ts';

interface Endpoint {
  readonly places: Advice['places'];
  readonly text: string;
  readonly isTls: boolean;
  readonly address: string;
  /** `undefined`: the default port of the scheme, which is no port of API7. */
  readonly port: number | undefined;
}

/** Endpoints with the port of the other scheme, and TLS ports that are not published or not balanced. */
export function aboutEndpoints(inventory: Inventory): readonly Advice[] {
  const endpoints = [...inventory.gatewayGroups.values()].flatMap(endpointsOf);
  const wrong = endpoints.flatMap((endpoint) => schemeAdvice(inventory, endpoint));
  const places = new Set(wrong.map((advice) => advice.places));
  const others = endpoints.filter((endpoint) => endpoint.isTls && !places.has(endpoint.places));
  return [...wrong, ...aboutTlsPort(inventory, others), ...others.flatMap((one) => poolAdvice(inventory, one))];
}

function endpointsOf({ name, endpoints }: GatewayGroup): readonly Endpoint[] {
  return endpoints.map((text, index) => {
    const { protocol, hostname, port } = new URL(text);
    return {
      places: groupPlaces(name, 'endpoints', index),
      text,
      isTls: protocol === 'https:',
      address: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? undefined : Number(port),
    };
  });
}

const portsOf = ({ api7: { dpManager } }: Inventory) => ({
  http: hostPort(dpManager.ports, 'http'),
  https: dpManager.ports.find(({ name }) => name === 'https')?.host,
});

function schemeAdvice(inventory: Inventory, { places, text, isTls, port }: Endpoint): readonly Advice[] {
  const { http, https } = portsOf(inventory);
  const tls = https ?? PORTS.dpManager.https;
  if (isTls && port === http)
    return [
      {
        places,
        message: `${text} is an https endpoint, but ${http} is the HTTP port of DP Manager`,
        hint: `write port ${tls}, or http://; leave it where a balancer ends TLS on ${http}`,
      },
    ];
  if (isTls || port !== tls) return [];
  return [
    {
      places,
      message: `${text} is an http endpoint, but ${tls} is the TLS port of DP Manager`,
      hint: `write https://, or port ${http}`,
    },
  ];
}

/** DP Manager requires certificates on its TLS port only. A balancer may end TLS for gateways with a token. */
function aboutTlsPort(inventory: Inventory, endpoints: readonly Endpoint[]): readonly Advice[] {
  const { gatewayGroups, groups, hosts } = inventory;
  if (portsOf(inventory).https !== undefined || !groups.has('control_plane')) return [];
  const hint = `set api7.dp_manager.ports.https to ${PORTS.dpManager.https}`;
  const byCertificate = [...gatewayGroups.values()].find(({ auth, authByHost }) =>
    [auth, ...authByHost.values()].some(({ kind }) => kind === 'certificate'),
  );
  if (byCertificate !== undefined)
    return [
      {
        places: groupPlaces(byCertificate.name, 'endpoints'),
        message: 'gateways log in by certificate, but the TLS port of DP Manager is not published: they cannot connect',
        hint,
      },
    ];
  const own = new Set((groups.get('control_plane') ?? []).map((name) => hosts.get(name)?.address));
  return endpoints
    .filter(({ address, port }) => port === PORTS.dpManager.https || own.has(address))
    .map(({ places, text }) => ({
      places,
      message: `${text} leads to the TLS port of DP Manager, which is not published: gateways cannot connect`,
      hint,
    }));
}

/** If pools balance DP Manager, its TLS port needs a pool too: else no drain covers the connections of these gateways. */
function poolAdvice(inventory: Inventory, { places, text, address }: Endpoint): readonly Advice[] {
  const { groups, hosts, loadBalancers } = inventory;
  const { http, https } = portsOf(inventory);
  const members = groups.get('control_plane') ?? [];
  if (https === undefined || members.some((name) => hosts.get(name)?.address === address)) return [];
  const pools = [...loadBalancers.values()].filter(({ port, members: nodes }) =>
    nodes.some((node) => port !== undefined && serviceBehind(inventory, { node, port })?.name === 'dpManager'),
  );
  if (pools.length === 0 || pools.some(({ port }) => port === https)) return [];
  const names = pools.map(({ name }) => name).join(', ');
  return [
    {
      places,
      message: `${text} is an https endpoint, but ${names} balances port ${http} of DP Manager, and no pool its TLS port ${https}`,
      hint: `add a pool with port: ${https} (TCP pass-through) under load_balancers; leave it where the balancer ends TLS`,
    },
  ];
}
