import { gatewayConfig } from '../api7/config.ts';
import { withSettings } from '../api7/container-settings.ts';
import { gatewayEnv } from '../api7/gateway-env.ts';
import { gatewayUidOf } from '../api7/gateway-uid.ts';
import { CONTAINERS, IN_IMAGE, PATHS } from '../api7/paths.ts';
import { published } from '../api7/ports.ts';
import { serviceStop } from '../api7/service-stop.ts';
import { gatewayService } from '../api7/services.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';

type OnHost = Pick<InventoryHost, 'name' | 'address'>;

/** The container of a gateway as parameters of `container`, without its image and the tasks whose change restarts it. */
export function gatewayContainer(inventory: Inventory, host: OnHost) {
  const group = gatewayGroupOf(inventory, host.name);
  return {
    name: CONTAINERS.gateway,
    hostname: host.name,
    ports: published(gatewayService(group).ports, host),
    ...withSettings(group.container, {
      mounts: [
        { source: PATHS.gatewayConfig, target: IN_IMAGE.gatewayConfig },
        { source: PATHS.gatewayUid, target: IN_IMAGE.gatewayUid },
      ],
      env: gatewayEnv(group, host),
    }),
    ...serviceStop(inventory, host, 'gateway'),
    nofile: inventory.api7.nofile,
  };
}

/** What api7-orch writes for a gateway: its configuration, and the id of its instance. */
export function gatewayFiles(inventory: Inventory, { name }: Pick<OnHost, 'name'>) {
  return {
    config: {
      source: PATHS.gatewayConfig,
      target: IN_IMAGE.gatewayConfig,
      content: gatewayConfig(gatewayGroupOf(inventory, name)),
    },
    uid: gatewayUidOf(inventory, name),
    /** Paths in the container that they are mounted at. */
    targets: [IN_IMAGE.gatewayConfig, IN_IMAGE.gatewayUid],
  };
}
