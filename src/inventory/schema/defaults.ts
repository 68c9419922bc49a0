import { PORTS } from '../ports.ts';

/** Default values; the schema's descriptions quote them. */
export const DEFAULTS = {
  sshPort: 22,
  connectTimeout: '10s',
  databasePort: 5432,
  databaseName: 'api7ee',
  /** For several hosts: only the primary accepts writes, which the control plane needs. */
  databaseTarget: 'read-write',
  gatewayGroup: 'default',
  /** Server name in DP Manager's built-in certificate. */
  gatewaySni: 'api7ee3-dp-manager',
  /** Host ports of a gateway. */
  gatewayPorts: PORTS.gateway,
  nofile: 65_536,
  /** Keeps a whole fleet from pulling at once. */
  pulls: 4,
  /** Status, dashboard and DP Manager are for operators and balancers, not public: Docker's ports bypass ufw. */
  bindInside: ['127.0.0.1', '{address}'],
  bindEverywhere: ['0.0.0.0'],
  probeStatus: 200,
  longestRequest: '60s',
  drainOnTimeout: 'abort',
  drainQuiet: '10s',
} as const;
