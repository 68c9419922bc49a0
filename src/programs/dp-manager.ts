import { dpManagerFile } from '../api7/config.ts';
import { controlPlaneFiles } from '../api7/control-plane-files.ts';
import { IN_IMAGE, PATHS } from '../api7/paths.ts';
import { dpManagerService } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Adopting } from './container-of.ts';
import { type ControlPlaneService, controlPlaneService } from './control-plane-service.ts';

/** DP Manager with its files on the host and in the image. */
export const dpManagerOf = (inventory: Inventory): ControlPlaneService => ({
  service: dpManagerService(inventory),
  settings: inventory.api7.dpManager,
  config: dpManagerFile(inventory.api7),
  path: PATHS.dpManagerConfig,
  inImage: IN_IMAGE.dpManagerConfig,
  files: controlPlaneFiles(inventory.api7, 'dp-manager'),
});

/** Configures and starts DP Manager from the given image task, and waits until it is ready. */
export const dpManager = (inventory: Inventory, host: Host, image: Task, adopting?: Adopting): Steps =>
  controlPlaneService(inventory, host, image, dpManagerOf(inventory), adopting);
