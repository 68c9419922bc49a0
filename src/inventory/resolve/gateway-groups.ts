import { defined } from '../../core/base/data.ts';
import { merge } from '../../core/base/merge.ts';
import type { GatewayAuth, GatewayGroup } from '../inventory.ts';
import { matchPattern, type PatternNames } from '../pattern.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import type { InventoryFile } from '../schema/schema.ts';
import { resolveContainer } from './container.ts';
import { gatewayPorts } from './ports.ts';

type GroupFile = NonNullable<InventoryFile['gateway_groups']>[string];
type Shared = NonNullable<InventoryFile['api7']['gateway']>;
type Login = Pick<Shared, 'token' | 'cert' | 'key' | 'ca' | 'sni'>;

/** Name of the only group in an inventory without `gateway_groups`. */
const ONLY = 'default';

/**
 * `gateway_groups:` merged over `api7.gateway`; without them, one group of all gateways. `groups`: in the order of the
 * file.
 */
export function resolveGatewayGroups(
  { api7, hosts }: InventoryFile,
  groups: readonly (readonly [string, GroupFile])[],
  names: PatternNames,
): ReadonlyMap<string, GatewayGroup> {
  const shared = api7.gateway ?? {};
  const groupOf = (
    name: string,
    pattern: string,
    of: readonly string[],
    own: Omit<GroupFile, 'hosts'>,
  ): GatewayGroup => {
    const { probe = shared.probe, endpoints = shared.endpoints, bind, config } = own;
    if (endpoints === undefined)
      throw new Error('a gateway group without endpoints was resolved without having been checked');
    const login = loginOf(shared, own);
    return {
      name,
      pattern,
      hosts: of,
      group: own.group ?? name,
      endpoints: endpoints.map((endpoint) => endpoint.replace(/\/$/, '')),
      auth: authOf(login),
      authByHost: new Map(
        of.flatMap((host): readonly [string, GatewayAuth][] => {
          const ownLogin = hosts[host]?.gateway;
          return ownLogin === undefined ? [] : [[host, authOf(loginOf(login, ownLogin))]];
        }),
      ),
      ...defined({
        probe: probe && { path: probe.path, host: probe.host, status: probe.status ?? DEFAULTS.probeStatus },
      }),
      ports: gatewayPorts({ ...shared.ports, ...own.ports }, { ...api7.bind, ...bind }),
      config: merge(api7.config?.gateway ?? {}, config ?? {}),
      container: resolveContainer({
        ...shared,
        ...own,
        env: { ...shared.env, ...own.env },
        labels: { ...shared.labels, ...own.labels },
        extra_hosts: { ...shared.extra_hosts, ...own.extra_hosts },
      }),
    };
  };
  if (groups.length === 0) {
    const own = { group: shared.group ?? DEFAULTS.gatewayGroup };
    return new Map([[ONLY, groupOf(ONLY, DATA_PLANE, names.groups.get(DATA_PLANE) ?? [], own)]]);
  }
  return new Map(groups.map(([name, own]) => [name, groupOf(name, own.hosts, matchPattern(names, own.hosts), own)]));
}

const DATA_PLANE = 'data_plane';

/** An own login method replaces the shared one; trust settings are shared unless given. */
function loginOf(shared: Login, own: Login): Login {
  const trust = defined({ ca: own.ca ?? shared.ca, sni: own.sni ?? shared.sni });
  if (own.token !== undefined) return { token: own.token };
  if (own.cert !== undefined || own.key !== undefined)
    return { ...defined({ cert: own.cert, key: own.key }), ...trust };
  return { ...defined({ token: shared.token, cert: shared.cert, key: shared.key }), ...trust };
}

function authOf({ token, cert, key, ca, sni }: Login): GatewayAuth {
  if (token !== undefined) return { kind: 'token', token };
  if (cert === undefined || key === undefined || ca === undefined)
    throw new Error('a login of gateways was resolved without having been checked');
  return { kind: 'certificate', cert, key, ca, sni: sni ?? DEFAULTS.gatewaySni };
}
