import { dashboardImage, dpManagerImage, pullOf } from '../api7/images.ts';
import { packageParams } from '../api7/packages.ts';
import { PATHS } from '../api7/paths.ts';
import {
  CONTROL_PLANE_STOP_SECONDS,
  dashboardService,
  dpManagerService,
  requestPorts,
  type Service,
} from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { directory } from '../tasks/directory.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { image } from '../tasks/image.ts';
import { package_ } from '../tasks/package.ts';
import { upInBalancers } from '../traffic/gates/up-in-balancers.ts';

/** Image tasks of the control plane's services. */
export interface ControlPlaneImages {
  readonly dashboard: Task;
  readonly dpManager: Task;
}

/**
 * Copies the control plane package to the host, if the inventory names one, and yields the image tasks of both
 * services.
 *
 * @example const images = yield* controlPlaneImages(inventory);
 */
export function* controlPlaneImages({ api7 }: Inventory): Steps<ControlPlaneImages> {
  yield directory({ path: PATHS.home, mode: '0750' });
  const pkg = api7.package && package_(packageParams(api7.package, 'controlPlane'));
  if (pkg) yield pkg;
  const stated = (ref: string): Task => image({ ref, ...pullOf(api7, ref), ...(pkg && { from: pkg }) });
  const dashboard = stated(dashboardImage(api7));
  yield dashboard;
  const dpManager = stated(dpManagerImage(api7));
  yield dpManager;
  return { dashboard, dpManager };
}

const controlPlaneServices = (inventory: Inventory): readonly Service[] => [
  dashboardService(inventory),
  dpManagerService(inventory),
];

/** How both services are stopped. Parameters of `container`, `restarted` and `stopped`. */
export const controlPlaneStop = { stopSignal: 'SIGTERM', stopTimeoutSeconds: CONTROL_PLANE_STOP_SECONDS };

/** Gates: both services respond. */
export function* controlPlaneResponds(inventory: Inventory): Steps {
  for (const service of controlPlaneServices(inventory)) yield serviceResponds(service);
}

/** A gate: a service of the control plane responds. */
export const serviceResponds = ({ health, startsWithin, container }: Service) =>
  httpReady({ ...health, within: startsWithin, container });

/** Gates: the balancers of both services send traffic to this host. */
export function* controlPlaneInService(inventory: Inventory, host: Host): Steps {
  yield* upInBalancers(inventory, host, ...controlPlaneServices(inventory).flatMap(requestPorts));
}
