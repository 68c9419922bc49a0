import { CONTAINERS, PORTS } from './paths.ts';

/** One of API7's services on a host: what runs it, and what may be asked of it. */
export interface Service {
  readonly name: 'gateway' | 'dashboard' | 'dpManager';
  readonly container: string;
  /** Ports on which requests come, the same inside the container and on the host. */
  readonly ports: readonly number[];
  /** Answered with 200 by one that is well, on the host itself. */
  readonly health: { readonly port: number; readonly path: string };
  /** The longest it may take until it answers its health check. */
  readonly startsWithin: string;
  /** Its clients hold one connection each for as long as they live: it is never without. */
  readonly holdsConnections: boolean;
  /** It answers clients, so many of them that its answers can be compared with its siblings'. */
  readonly compared: boolean;
}

export const GATEWAY: Service = {
  name: 'gateway',
  container: CONTAINERS.gateway,
  ports: [PORTS.http, PORTS.https],
  health: { port: PORTS.status, path: '/status' },
  startsWithin: '2m',
  holdsConnections: false,
  compared: true,
};

export const DASHBOARD = {
  name: 'dashboard',
  container: CONTAINERS.dashboard,
  ports: [PORTS.dashboard],
  health: { port: PORTS.dashboard, path: '/healthz' },
  // The first start creates the tables of the database.
  startsWithin: '8m',
  holdsConnections: false,
  compared: false,
} satisfies Service;

export const DP_MANAGER = {
  name: 'dpManager',
  container: CONTAINERS.dpManager,
  ports: [PORTS.dpManager],
  health: { port: PORTS.dpManager, path: '/healthz' },
  startsWithin: '2m',
  holdsConnections: true,
  compared: false,
} satisfies Service;

/** What the control plane's services get to end; they have no workers that go on. */
export const CONTROL_PLANE_STOP_SECONDS = 30;

const ALL: readonly Service[] = [GATEWAY, DASHBOARD, DP_MANAGER];

/** What serves behind a port of a pool; undefined for a port that is none of API7's. */
export const serviceAt = (port: number): Service | undefined => ALL.find(({ ports }) => ports.includes(port));

/** What serves on a host of these groups, for pools that do not say a port. */
export const servicesIn = (groups: readonly string[]): readonly Service[] => [
  ...(groups.includes('data_plane') ? [GATEWAY] : []),
  ...(groups.includes('control_plane') ? [DASHBOARD, DP_MANAGER] : []),
];
