import type { WrittenConfig } from '../api7/config.ts';
import { withSettings } from '../api7/container-settings.ts';
import type { MountedFile } from '../api7/control-plane-files.ts';
import { published } from '../api7/ports.ts';
import type { Service } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { ControlPlaneSettings, Inventory } from '../inventory/inventory.ts';
import { container } from '../tasks/container.ts';
import { file } from '../tasks/file.ts';
import { yamlFile } from '../tasks/yaml-file.ts';
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

/** Configures and starts a service of the control plane from the given image task, and waits until it is ready. */
export function* controlPlaneService(
  { api7 }: Inventory,
  host: Host,
  image: Task,
  { service, settings, config: { content, accepts }, path, inImage, files }: ControlPlaneService,
): Steps {
  const config = yamlFile({ path, content, accepts, mode: '0640' });
  yield config;
  const pems = files.map(({ source, content }) => file({ path: source, content, mode: '0640' }));
  yield* pems;
  yield container({
    name: service.container,
    image,
    ports: published(service.ports, host),
    ...withSettings(settings.container, {
      mounts: [{ source: path, target: inImage }, ...files.map(({ source, target }) => ({ source, target }))],
    }),
    restartOn: [config, ...pems],
    ...controlPlaneStop,
    nofile: api7.nofile,
  });
  yield serviceResponds(service);
}
