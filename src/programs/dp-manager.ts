import { dpManagerConfig } from '../api7/config.ts';
import { CONTAINERS, IN_IMAGE, PATHS, PORTS } from '../api7/paths.ts';
import { published } from '../api7/ports.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { container } from '../tasks/container.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { yamlFile } from '../tasks/yaml-file.ts';

/** Configures and starts DP Manager from an image that was stated before, and waits until it is ready. */
export function* dpManager({ api7 }: Inventory, host: Host, image: Task): Steps {
  const config = yamlFile({ path: PATHS.dpManagerConfig, content: dpManagerConfig(api7), mode: '0640' });
  yield config;
  yield container({
    name: CONTAINERS.dpManager,
    image,
    ports: published(api7, host, 'dpManager'),
    mounts: [{ source: PATHS.dpManagerConfig, target: IN_IMAGE.dpManagerConfig }],
    restartOn: [config],
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds: 30,
    nofile: api7.nofile,
  });
  yield httpReady({ port: PORTS.dpManager, path: '/healthz', within: '90s', container: CONTAINERS.dpManager });
}
