import { dashboardFile } from '../api7/config.ts';
import { controlPlaneFiles } from '../api7/control-plane-files.ts';
import { IN_IMAGE, PATHS } from '../api7/paths.ts';
import { dashboardService } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Adopting } from './container-of.ts';
import { type ControlPlaneService, controlPlaneService } from './control-plane-service.ts';

/** Dashboard with its files on the host and in the image. */
export const dashboardOf = (inventory: Inventory): ControlPlaneService => ({
  service: dashboardService(inventory),
  settings: inventory.api7.dashboard,
  config: dashboardFile(inventory.api7),
  path: PATHS.dashboardConfig,
  inImage: IN_IMAGE.dashboardConfig,
  files: controlPlaneFiles(inventory.api7, 'dashboard'),
});

/** Configures and starts API7 Dashboard from the given image task, and waits until it is ready. */
export const dashboard = (inventory: Inventory, host: Host, image: Task, adopting?: Adopting): Steps =>
  controlPlaneService(inventory, host, image, dashboardOf(inventory), adopting);
