import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { GatewayGroup, Inventory, InventoryHost, ServicePort } from '../inventory/inventory.ts';
import { CONTAINERS } from './paths.ts';

/** One of API7's services on a host: what runs it, and what may be asked of it. */
export interface Service {
  readonly name: 'gateway' | 'dashboard' | 'dpManager';
  readonly container: string;
  readonly ports: readonly ServicePort[];
  /** Answered with 200 by one that is well; the port is that of its host. */
  readonly health: { readonly port: number; readonly path: string };
  /** The longest it may take until it answers its health check. */
  readonly startsWithin: string;
  /** Its clients hold one connection each for as long as they live: it is never without. */
  readonly holdsConnections: boolean;
  /** It answers clients, so many of them that its answers can be compared with its siblings'. */
  readonly compared: boolean;
}

type Settings = Pick<Inventory, 'api7' | 'gatewayGroups'>;

export const gatewayService = ({ ports }: Pick<GatewayGroup, 'ports'>): Service => ({
  name: 'gateway',
  container: CONTAINERS.gateway,
  ports,
  health: { port: hostPort(ports, 'status'), path: '/status' },
  startsWithin: '2m',
  holdsConnections: false,
  compared: true,
});

export const dashboardService = ({ api7: { dashboard } }: Pick<Inventory, 'api7'>): Service => ({
  name: 'dashboard',
  container: CONTAINERS.dashboard,
  ports: dashboard.ports,
  health: { port: hostPort(dashboard.ports, 'http'), path: '/healthz' },
  // The first start creates the tables of the database.
  startsWithin: '8m',
  holdsConnections: false,
  compared: false,
});

export const dpManagerService = ({ api7: { dpManager } }: Pick<Inventory, 'api7'>): Service => ({
  name: 'dpManager',
  container: CONTAINERS.dpManager,
  ports: dpManager.ports,
  health: { port: hostPort(dpManager.ports, 'http'), path: '/healthz' },
  startsWithin: '2m',
  holdsConnections: true,
  compared: false,
});

/** What the control plane's services get to end; they have no workers that go on. */
export const CONTROL_PLANE_STOP_SECONDS = 30;

/** The port of the host that leads to one of a service's ports. Every service has those that are asked for here. */
export function hostPort(ports: readonly ServicePort[], name: ServicePort['name']): number {
  const found = ports.find((port) => port.name === name);
  if (found === undefined) throw new Error(`a service without the port ${name} was resolved`);
  return found.host;
}

/** Ports of the host on which a service takes requests. */
export const requestPorts = ({ ports }: Pick<Service, 'ports'>): readonly number[] =>
  ports.filter(({ name }) => name !== 'status').map(({ host }) => host);

/** Ports inside the container on which a service takes requests by TCP. */
export const portsInside = ({ ports }: Pick<Service, 'ports'>): readonly number[] =>
  ports.filter(({ name, protocol }) => name !== 'status' && protocol === 'tcp').map(({ container }) => container);

/** The services that run on a host, by its groups. */
export const servicesOn = (
  inventory: Settings,
  { name, groups }: Pick<InventoryHost, 'name' | 'groups'>,
): readonly Service[] => [
  ...(groups.includes('data_plane') ? [gatewayService(gatewayGroupOf(inventory, name))] : []),
  ...(groups.includes('control_plane') ? [dashboardService(inventory), dpManagerService(inventory)] : []),
];

/** Each service once; the gateway as one of the first group. */
export const allServices = (inventory: Settings): readonly Service[] => [
  dashboardService(inventory),
  dpManagerService(inventory),
  gatewayService(gatewayGroupOf(inventory, '')),
];

/**
 * The service behind a port of a pool on one of its members; undefined for a port that is none of API7's. A member of neither group
 * is taken for the service that usually has the port.
 */
export function serviceBehind(
  inventory: Settings & Pick<Inventory, 'hosts'>,
  { node, port }: { readonly node: string; readonly port: number },
): Service | undefined {
  const host = inventory.hosts.get(node);
  const own = host === undefined ? [] : servicesOn(inventory, host);
  const services = own.length > 0 ? own : allServices(inventory);
  return services.find((service) => requestPorts(service).includes(port));
}
