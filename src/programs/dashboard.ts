import { dashboardConfig } from '../api7/config.ts';
import { CONTAINERS, IN_IMAGE, PATHS, PORTS } from '../api7/paths.ts';
import { published } from '../api7/ports.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { container } from '../tasks/container.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { yamlFile } from '../tasks/yaml-file.ts';

/** Configures and starts API7 Dashboard from an image that was stated before, and waits until it is ready. */
export function* dashboard({ api7 }: Inventory, host: Host, image: Task): Steps {
  const config = yamlFile({ path: PATHS.dashboardConfig, content: dashboardConfig(api7), mode: '0640' });
  yield config;
  yield container({
    name: CONTAINERS.dashboard,
    image,
    ports: published(api7, host, 'dashboard'),
    mounts: [{ source: PATHS.dashboardConfig, target: IN_IMAGE.dashboardConfig }],
    restartOn: [config],
    stopSignal: 'SIGTERM',
    stopTimeoutSeconds: 30,
    nofile: api7.nofile,
  });
  // The first start creates the tables of the database.
  yield httpReady({ port: PORTS.dashboard, path: '/healthz', within: '8m', container: CONTAINERS.dashboard });
}
