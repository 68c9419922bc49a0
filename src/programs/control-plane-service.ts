import type { WrittenConfig } from '../api7/config.ts';
import { withSettings } from '../api7/container-settings.ts';
import type { MountedFile } from '../api7/control-plane-files.ts';
import { published } from '../api7/ports.ts';
import type { Service } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { ControlPlaneSettings, Inventory } from '../inventory/inventory.ts';
import { file } from '../tasks/file.ts';
import { yamlFile } from '../tasks/yaml-file.ts';
import { type Adopting, containerOf } from './container-of.ts';
import { controlPlaneStop, serviceResponds } from './control-plane.ts';

/** A service of the control plane, with its files on the host and in the image. */
export interface ControlPlaneService {
  readonly service: Service;
  readonly settings: ControlPlaneSettings;
  readonly config: WrittenConfig;
  readonly path: string;
  readonly inImage: string;
  readonly files: readonly MountedFile[];
}

/** Its container as parameters of `container`, without its image and the tasks whose change restarts it. */
export const controlPlaneContainer = (
  { api7 }: Inventory,
  host: { readonly address: string },
  { service, settings, path, inImage, files }: ControlPlaneService,
) => ({
  name: service.container,
  ports: published(service.ports, host),
  ...withSettings(settings.container, {
    mounts: [{ source: path, target: inImage }, ...files.map(({ source, target }) => ({ source, target }))],
  }),
  ...controlPlaneStop,
  nofile: api7.nofile,
});

/** Configures and starts a service of the control plane from the given image task, and waits until it is ready. */
export function* controlPlaneService(
  inventory: Inventory,
  host: Host,
  image: Task,
  of: ControlPlaneService,
  adopting?: Adopting,
): Steps {
  const {
    service,
    config: { content, accepts },
    path,
    files,
  } = of;
  const config = yamlFile({ path, content, accepts, mode: '0640' });
  yield config;
  const pems = files.map(({ source, content }) => file({ path: source, content, mode: '0640' }));
  yield* pems;
  yield containerOf(
    service.name,
    { ...controlPlaneContainer(inventory, host, of), image, restartOn: [config, ...pems] },
    adopting,
  );
  yield serviceResponds(service);
}
