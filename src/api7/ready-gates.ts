import { formatDuration, parseDuration } from '../core/base/duration.ts';
import type { Steps } from '../core/task/task.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { GatewayGroup, Inventory } from '../inventory/inventory.ts';
import { httpReady } from '../tasks/http-ready.ts';
import { steadyContainer } from '../tasks/steady-container.ts';
import { hostPort, type Service } from './services.ts';

/**
 * A container must have run this long before its restore. One that cannot start ends within a second; the soak finds
 * one that ends later.
 */
const STEADY = '3s';

/** Time for all other gates after the first response. */
const LATER_MS = 60_000;

/**
 * Gates of a changed node before its restore. They wait side by side, so the time of gates that need a responding
 * service includes its start.
 */
export function* readyGates(inventory: Inventory, node: string, services: readonly Service[]): Steps {
  for (const service of services) {
    const { name, container, health, startsWithin } = service;
    const within = formatDuration(parseDuration(startsWithin) + LATER_MS);
    yield httpReady({ ...health, container, within: startsWithin, passes: 3 });
    if (name === 'gateway') yield* gatewayGates(service, within, gatewayGroupOf(inventory, node));
    yield steadyContainer({ container, for: STEADY, within });
  }
}

interface Old {
  readonly name: string;
  /** Ports inside it that it publishes on TCP. */
  readonly ports: readonly number[];
}

/**
 * Gates of an old container that runs again as its user started it, under its name on the host. It was in service with these settings
 * before. A wrong probe that is new in the inventory must not prevent its return to service.
 */
export function* oldGates({ name, health, ports, startsWithin }: Service, old: Old): Steps {
  const within = formatDuration(parseDuration(startsWithin) + LATER_MS);
  const container = old.name;
  if (name !== 'gateway') yield httpReady({ ...health, container, within: startsWithin, passes: 3 });
  else {
    // The routes that answer are unknown.
    yield httpReady({ port: hostPort(ports, 'http'), path: '/', status: 'any', container, within, passes: 3 });
    const status = ports.find((port) => port.name === 'status' && old.ports.includes(port.container));
    if (status !== undefined)
      yield httpReady({ port: health.port, path: '/status/ready', orStatus: [404], container, within });
  }
  yield steadyContainer({ container, for: STEADY, within });
}

function* gatewayGates({ container, health, ports }: Service, within: string, { probe }: GatewayGroup): Steps {
  // One success is enough: later all gateways together may return 503, and still serve. Older versions do not have this
  // path.
  yield httpReady({ port: health.port, path: '/status/ready', orStatus: [404], container, within });
  if (probe === undefined) return;
  const { path, host, status } = probe;
  yield httpReady({ port: hostPort(ports, 'http'), path, host, status, container, within });
}
