import { published } from '../api7/ports.ts';
import { CONTROL_PLANE_STOP_SECONDS, type Service } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { container } from '../tasks/container.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { yamlFile } from '../tasks/yaml-file.ts';

/** A service of the control plane, with its configuration on the host and in the image. */
export interface ControlPlaneService {
  readonly service: Service & { readonly name: 'dashboard' | 'dpManager' };
  readonly content: object;
  readonly path: string;
  readonly inImage: string;
}

/** Configures and starts a service of the control plane from an image that was stated before, and waits until it is ready. */
export function* controlPlaneService(
  { api7 }: Inventory,
  host: Host,
  image: Task,
  { service, content, path, inImage }: ControlPlaneService,
): Steps {
  const config = yamlFile({ path, content, mode: '0640' });
  yield config;
  yield container({
    name: service.container,
    image,
    ports: published(api7, host, service.name),
    mounts: [{ source: path, target: inImage }],
    restartOn: [config],
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds: CONTROL_PLANE_STOP_SECONDS,
    nofile: api7.nofile,
  });
  yield httpReady({ ...service.health, within: service.startsWithin, container: service.container });
}
