import { hostsOf, type LabFile, labHost } from './lab-file.ts';
import { type BalancerPort, hasEdge, portOfBalancer, type Role } from './topology.ts';

/** A pool of a load balancer of a lab. */
export interface Pool {
  readonly name: Exclude<BalancerPort, 'stats'>;
  readonly mode: 'http' | 'tcp';
  /** Of the balancer. */
  readonly port: number;
  readonly members: Role;
  /** Of the members. */
  readonly memberPort: number;
  readonly check: { readonly path: string; readonly port: number };
}

const status = { path: '/status', port: 7085 };

export const pools: readonly Pool[] = [
  pool('gateways', 'http', 'data_plane', 9080, status),
  pool('gateways_tcp', 'tcp', 'data_plane', 9080, status),
  pool('dashboards', 'http', 'control_plane', 17080, { path: '/healthz', port: 17080 }),
  pool('dp_managers', 'http', 'control_plane', 17900, { path: '/healthz', port: 17900 }),
];

/** More pools for gateways of the group `edge`, whose members listen on the ports that clients use. */
const edgePools: readonly Pool[] = [
  pool('dashboards_tls', 'tcp', 'control_plane', 7443, { path: '/healthz', port: 17080 }),
  pool('dp_managers_tls', 'tcp', 'control_plane', 7943, { path: '/healthz', port: 17900 }),
  pool('edge', 'http', 'edge_gateways', 80, status),
  pool('edge_tls', 'tcp', 'edge_gateways', 443, status),
  pool('edge_tcp', 'tcp', 'edge_gateways', 9000, status),
];

/** The pools of the load balancers of this lab. */
export function poolsOf({ size }: LabFile): readonly Pool[] {
  return hasEdge(size) ? [...pools, ...edgePools] : pools;
}

function pool(name: Pool['name'], mode: Pool['mode'], members: Role, memberPort: number, check: Pool['check']): Pool {
  return { name, mode, port: portOfBalancer[name], members, memberPort, check };
}

/** The members of a pool by name, as `address:port`. */
export function membersOf(lab: LabFile, { members, memberPort }: Pool): readonly (readonly [string, string])[] {
  return hostsOf(lab, members).map((name) => [name, `${labHost(lab, name).address}:${memberPort}`]);
}
