import { formatDuration, parseDuration } from '../core/base/duration.ts';
import type { Steps } from '../core/task/task.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { GatewayGroup, Inventory } from '../inventory/inventory.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { steadyContainer } from '../tasks/steady-container.ts';
import { hostPort, type Service } from './services.ts';

/**
 * A container must have run this long before it gets traffic. One that cannot start at all ends within a second; one that ends
 * later is seen by the soak.
 */
const STEADY = '3s';

/** What everything else may take beyond the first answer. */
const LATER_MS = 60_000;

/**
 * Gates of a node that was changed, before its balancers get it back. They wait side by side, so the time of those that
 * need a service that answers covers its start, too.
 */
export function* readyGates(inventory: Inventory, node: string, components: readonly Service[]): Steps {
  for (const component of components) {
    const { name, container, health, startsWithin } = component;
    const within = formatDuration(parseDuration(startsWithin) + LATER_MS);
    yield httpReady({ ...health, container, within: startsWithin, passes: 3 });
    if (name === 'gateway') yield* gatewayGates(component, within, gatewayGroupOf(inventory, node));
    yield steadyContainer({ container, for: STEADY, within });
  }
}

function* gatewayGates({ container, health, ports }: Service, within: string, { probe }: GatewayGroup): Steps {
  // Once: later it may say 503 on all gateways together, and they serve all the same. Older versions have no such path.
  yield httpReady({ port: health.port, path: '/status/ready', orStatus: [404], container, within });
  if (probe === undefined) return;
  const { path, host, status } = probe;
  yield httpReady({ port: hostPort(ports, 'http'), path, host, status, container, within });
}
