import { gatewayConfig } from '../api7/config.ts';
import { GATEWAY_CONFIG_CHECK } from '../api7/config-check.ts';
import { configurationLoaded, loadRecorded } from '../api7/configuration-loaded.ts';
import { gatewayImage, pullOf } from '../api7/images.ts';
import { packageParams } from '../api7/packages.ts';
import { CONTAINERS, GATEWAY_ID, IN_IMAGE, PATHS } from '../api7/paths.ts';
import { serviceStop } from '../api7/service-stop.ts';
import { gatewayService, requestPorts } from '../api7/services.ts';
import type { Host } from '../core/host/host.ts';
import type { Steps, Task } from '../core/task/task.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { configAccepted } from '../tasks/config-accepted.ts';
import { directory } from '../tasks/directory.ts';
import { file } from '../tasks/file.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { image } from '../tasks/image.ts';
import { package_ } from '../tasks/package.ts';
import { stopped } from '../tasks/stopped.ts';
import { yamlFile } from '../tasks/yaml-file.ts';
import { upInBalancers } from '../traffic/gates/up-in-balancers.ts';
import { adoptionsFinished } from './adoption.ts';
import { type Adopting, containerOf } from './container-of.ts';
import { gatewayContainer, gatewayFiles } from './gateway-container.ts';

/**
 * The whole program of a gateway node: package, image, configuration, container, and the gates that show that it is in
 * service. `adopting`: a container that api7-orch did not create is taken over.
 *
 * @example yield* play({ name: 'Gateways', hosts: 'data_plane', *tasks(host) { yield* gateway(inventory, host); } });
 */
export function* gateway(inventory: Inventory, host: Host, adopting?: Adopting): Steps {
  const { api7 } = inventory;
  const files = gatewayFiles(inventory, host);
  const group = gatewayGroupOf(inventory, host.name);
  const { health } = gatewayService(group);
  yield directory({ path: PATHS.home, mode: '0750' });

  // Copy the data plane package to the host.
  const pkg = api7.package && package_(packageParams(api7.package, 'dataPlane'));
  if (pkg) yield pkg;
  const ref = gatewayImage(api7);
  const imageTask = image({ ref, ...pullOf(api7, ref), ...(pkg && { from: pkg }) });
  yield imageTask;

  // The image itself checks the configuration, before any serving node is drained.
  yield configAccepted({
    image: imageTask,
    content: gatewayConfig(group),
    target: IN_IMAGE.gatewayConfig,
    command: GATEWAY_CONFIG_CHECK,
    as: GATEWAY_ID,
    record: PATHS.gatewayConfigAccepted,
    env: group.container.env,
    mounts: group.container.mounts,
  });

  // Configure the health check, and an identity that survives the container.
  const owned = { mode: '0640', group: GATEWAY_ID };
  yield directory({ path: PATHS.gatewayConfigDir, mode: '0750', group: GATEWAY_ID });
  const config = yamlFile({ path: PATHS.gatewayConfig, content: gatewayConfig(group), ...owned });
  yield config;
  const uid = file({ path: PATHS.gatewayUid, content: files.uid, ...owned });
  yield uid;

  // Start API7 Gateway.
  yield containerOf(
    'gateway',
    { ...gatewayContainer(inventory, host), image: imageTask, restartOn: [config, uid] },
    adopting && { ...adopting, uid: files.uid },
  );

  yield gatewayResponds(inventory, host);

  // The gateway has loaded its configuration from the control plane: without it the gateway serves no route.
  const loaded = { container: CONTAINERS.gateway, record: PATHS.gatewayLoaded };
  yield configurationLoaded({ ...loaded, port: health.port });
  yield loadRecorded(loaded);
  yield* gatewayInBalancers(inventory, host);
  yield* adoptionsFinished(inventory, host, adopting);
}

/** How a gateway is stopped: it ends its running requests first. Parameters of `container`, `restarted` and `stopped`. */
export const gatewayStop = (inventory: Inventory, host: Pick<Host, 'name'>) => serviceStop(inventory, host, 'gateway');

/** A gateway that does not run, whatever the name of its container. */
export const gatewayStopped = (inventory: Inventory, host: Host): Task =>
  stopped({
    container: CONTAINERS.gateway,
    published: [...requestPorts(gatewayOn(inventory, host))],
    ...gatewayStop(inventory, host),
  });

/** Gates: the gateway responds, and its balancers send traffic to it. */
export function* gatewayInService(inventory: Inventory, host: Host): Steps {
  yield gatewayResponds(inventory, host);
  yield* gatewayInBalancers(inventory, host);
}

const gatewayOn = (inventory: Inventory, host: Host) => gatewayService(gatewayGroupOf(inventory, host.name));

function gatewayResponds(inventory: Inventory, host: Host) {
  const { health, startsWithin, container } = gatewayOn(inventory, host);
  return httpReady({ ...health, within: startsWithin, passes: 3, container });
}

const gatewayInBalancers = (inventory: Inventory, host: Host): Steps =>
  upInBalancers(inventory, host, ...requestPorts(gatewayOn(inventory, host)));
