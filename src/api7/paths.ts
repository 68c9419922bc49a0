import { IN_IMAGE } from '../inventory/own-settings.ts';

export { PORTS } from '../inventory/ports.ts';
export { IN_IMAGE };

/** Paths on the hosts. File names follow the vendor's packages. */
export const PATHS = {
  home: '/opt/api7',
  controlPlanePackage: '/opt/api7/control-plane-package',
  dataPlanePackage: '/opt/api7/data-plane-package',
  dashboardConfig: '/opt/api7/dashboard-config.yaml',
  dpManagerConfig: '/opt/api7/dp-manager-config.yaml',
  gatewayConfigDir: '/opt/api7/gateway_conf',
  gatewayConfig: '/opt/api7/gateway_conf/config.yaml',
  gatewayUid: '/opt/api7/gateway_conf/apisix.uid',
  gatewayConfigAccepted: '/opt/api7/.gateway-config-accepted',
  gatewayLoaded: '/opt/api7/.gateway-loaded',
} as const;

/** The uid file of a gateway: on the host, and where the image has it. */
export const GATEWAY_ID_FILES = { source: PATHS.gatewayUid, target: IN_IMAGE.gatewayUid } as const;

/** uid and gid of the gateway's image: it must be able to read its files. */
export const GATEWAY_ID = 636;

export const CONTAINERS = {
  dashboard: 'api7-dashboard',
  dpManager: 'api7-dp-manager',
  gateway: 'api7-gateway',
} as const;
