import { PORTS } from '../ports.ts';

/** What holds where the inventory says nothing; the descriptions in the schema quote these. */
export const DEFAULTS = {
  sshPort: 22,
  connectTimeout: '10s',
  databasePort: 5432,
  databaseName: 'api7ee',
  /** Of several hosts: one that is not primary accepts no writes, and the control plane writes. */
  databaseTarget: 'read-write',
  gatewayGroup: 'default',
  /** Server name in the certificate that DP Manager brings with it. */
  gatewaySni: 'api7ee3-dp-manager',
  /** Ports of the hosts that lead to a gateway's. */
  gatewayPorts: PORTS.gateway,
  nofile: 65_536,
  /** So that a registry, and the line to it, are not asked by a whole fleet. */
  pulls: 4,
  /** Status, dashboard and DP Manager are for operators and balancers, not for the world: Docker's ports bypass ufw. */
  bindInside: ['127.0.0.1', '{address}'],
  bindEverywhere: ['0.0.0.0'],
  probeStatus: 200,
  longestRequest: '60s',
  drainOnTimeout: 'abort',
  drainQuiet: '10s',
} as const;
