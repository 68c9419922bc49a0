import { dashboardConfig } from '../api7/config.ts';
import { IN_IMAGE, PATHS } from '../api7/paths.ts';
import { DASHBOARD } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { controlPlaneService } from './control-plane-service.ts';

/** Configures and starts API7 Dashboard from an image that was stated before, and waits until it is ready. */
export const dashboard = (inventory: Inventory, host: Host, image: Task): Steps =>
  controlPlaneService(inventory, host, image, {
    service: DASHBOARD,
    content: dashboardConfig(inventory.api7),
    path: PATHS.dashboardConfig,
    inImage: IN_IMAGE.dashboardConfig,
  });
