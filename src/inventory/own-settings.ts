/** Paths of api7-orch's files in API7's images. */
export const IN_IMAGE = {
  dashboardConfig: '/app/conf/config.yaml',
  dpManagerConfig: '/usr/local/api7/conf/config.yaml',
  gatewayConfig: '/usr/local/apisix/conf/config.yaml',
  gatewayUid: '/usr/local/apisix/conf/apisix.uid',
} as const;

/** Variables with which a gateway finds its control plane. */
export const GATEWAY_VARIABLES = [
  'API7_CONTROL_PLANE_ENDPOINTS',
  'API7_GATEWAY_GROUP_SHORT_ID',
  'API7_CONTROL_PLANE_TOKEN',
  'API7_CONTROL_PLANE_CERT',
  'API7_CONTROL_PLANE_KEY',
  'API7_CONTROL_PLANE_CA',
  'API7_CONTROL_PLANE_SNI',
] as const;

/** What api7-orch itself gives to each service's container: no setting may replace it. */
export interface OwnSettings {
  readonly variables: readonly string[];
  /** Mount targets in the container. */
  readonly targets: readonly string[];
}

/** The one of these paths that a mount at `target` would hide or change. */
export const pathUnder = (paths: readonly string[], target: string): string | undefined =>
  paths.find((path) => isWithin(path, target) || isWithin(target, path));

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Directory of certificates and keys in the control plane's containers. */
const OWN_FILES = '/opt/api7';

export const OWN_SETTINGS = {
  dashboard: { variables: [], targets: [IN_IMAGE.dashboardConfig, OWN_FILES] },
  dp_manager: { variables: [], targets: [IN_IMAGE.dpManagerConfig, OWN_FILES] },
  gateway: { variables: GATEWAY_VARIABLES, targets: [IN_IMAGE.gatewayConfig, IN_IMAGE.gatewayUid] },
} as const satisfies Readonly<Record<string, OwnSettings>>;
