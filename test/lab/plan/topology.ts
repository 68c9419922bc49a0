import { LabError } from '../lab-error.ts';

export type HostName = string;
export type Role = 'control_plane' | 'data_plane' | 'edge_gateways' | 'load_balancer' | 'database';

/** The software of the load balancers. */
export const balancers = ['haproxy', 'nginx'] as const;
export type BalancerKind = (typeof balancers)[number];

/** How many hosts of each kind; there is one database. */
export interface LabSize {
  readonly controlPlane: number;
  readonly dataPlane: number;
  readonly loadBalancers: number;
  /** Gateways of a second group, `edge`, on ports of their own. Default none. */
  readonly edgeGateways?: number | undefined;
}

export const defaultSize: LabSize = { controlPlane: 2, dataPlane: 3, loadBalancers: 1 };

export interface HostSpec {
  readonly name: HostName;
  readonly role: Role;
  /** Last byte of its address in the lab's network. */
  readonly byte: number;
  /** Ports published on 127.0.0.1, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

const ssh = { ssh: 22 };

/** Ports that a load balancer listens on, by name. */
export const balancerPorts = {
  gateways: 9080,
  gateways_tcp: 9081,
  dashboards: 17080,
  dp_managers: 17900,
  stats: 8404,
} as const;

/** More ports of a load balancer for gateways of the group `edge`. */
const edgeBalancerPorts = {
  dashboards_tls: 7443,
  dp_managers_tls: 7943,
  edge: 80,
  edge_tls: 443,
  edge_tcp: 9000,
} as const;
export type BalancerPort = keyof typeof balancerPorts | keyof typeof edgeBalancerPorts;

/** The port of that name at a balancer's own address. */
export const portOfBalancer: Readonly<Record<BalancerPort, number>> = { ...balancerPorts, ...edgeBalancerPorts };

interface Kind {
  readonly role: Role;
  readonly size: keyof LabSize;
  readonly least: number;
  readonly most: number;
  readonly byte: number;
  readonly ports: Readonly<Record<string, number>>;
}

/** By the letters in front of a host's number. The ranges of addresses must not meet. */
const kinds: Readonly<Record<string, Kind>> = {
  cp: { role: 'control_plane', size: 'controlPlane', least: 1, most: 9, byte: 10, ports: ssh },
  gw: { role: 'data_plane', size: 'dataPlane', least: 1, most: 79, byte: 20, ports: ssh },
  edge: { role: 'edge_gateways', size: 'edgeGateways', least: 0, most: 20, byte: 120, ports: ssh },
  lb: {
    role: 'load_balancer',
    size: 'loadBalancers',
    least: 1,
    most: 20,
    byte: 100,
    ports: { ...ssh, ...balancerPorts },
  },
};
const database: HostSpec = { name: 'db-1', role: 'database', byte: 6, ports: ssh };

/**
 * The hosts of a lab of this size, in order.
 * @throws LabError when a number is out of range
 * @example topologyOf({ controlPlane: 1, dataPlane: 2, loadBalancers: 1 }) // cp-1, gw-1, gw-2, lb-1, db-1
 */
export function topologyOf(size: LabSize): readonly HostSpec[] {
  const hosts = Object.entries(kinds).flatMap(([letters, kind]) => {
    const count = size[kind.size] ?? 0;
    if (!Number.isInteger(count) || count < kind.least || count > kind.most)
      throw new LabError(`${kind.size}: ${count} is not a number from ${kind.least} to ${kind.most}`);
    const more = kind.role === 'load_balancer' && hasEdge(size) ? edgeBalancerPorts : {};
    return Array.from({ length: count }, (_, at) => ({
      name: `${letters}-${at + 1}`,
      role: kind.role,
      byte: kind.byte + at + 1,
      ports: { ...kind.ports, ...more },
    }));
  });
  return [...hosts, database];
}

/** Whether a lab has the second group of gateways, and with it TLS. */
export function hasEdge({ edgeGateways = 0 }: LabSize): boolean {
  return edgeGateways > 0;
}
