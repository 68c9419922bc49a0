import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { GatewayGroup, Inventory, InventoryHost, ServicePort } from '../inventory/inventory.ts';
import { CONTAINERS } from './paths.ts';

/** One of API7's services on a host: its container, and its checks. */
export interface Service {
  readonly name: 'gateway' | 'dashboard' | 'dpManager';
  readonly container: string;
  readonly ports: readonly ServicePort[];
  /** Returns 200 if healthy; the port is the host's. */
  readonly health: { readonly port: number; readonly path: string };
  /** Longest time until its health check responds. */
  readonly startsWithin: string;
  /** Its clients keep one connection each: its session count never reaches zero. */
  readonly holdsConnections: boolean;
  /** It answers so many client requests that its error rates can be compared with its peers'. */
  readonly compared: boolean;
}

/** The names of the services in the inventory and in reports. */
export const SERVICE_FIELDS = { dashboard: 'dashboard', dpManager: 'dp_manager', gateway: 'gateway' } as const;

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

/** Time for the control plane's services to end; they have no workers that continue. */
export const CONTROL_PLANE_STOP_SECONDS = 30;

/** The host port of a service's port. Every service has the ports asked for here. */
export function hostPort(ports: readonly ServicePort[], name: ServicePort['name']): number {
  const found = ports.find((port) => port.name === name);
  if (found === undefined) throw new Error(`a service without the port ${name} was resolved`);
  return found.host;
}

/** Host ports on which a service takes requests. */
export const requestPorts = ({ ports }: Pick<Service, 'ports'>): readonly number[] =>
  ports.filter(({ name }) => name !== 'status').map(({ host }) => host);

/** TCP ports inside the container on which a service takes requests. */
export const portsInside = ({ ports }: Pick<Service, 'ports'>): readonly number[] =>
  ports.filter(({ name, protocol }) => name !== 'status' && protocol === 'tcp').map(({ container }) => container);

/** The services on a host, by its groups. */
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
 * The service on a pool's port on one of its members; undefined for a port outside of API7's. A member of neither group
 * gets the service that usually has the port.
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
