import type { Inventory } from '../inventory/inventory.ts';
import { gatewayStopSeconds } from './config.ts';
import { CONTROL_PLANE_STOP_SECONDS, type Service } from './services.ts';

/**
 * How a service is stopped: it ends its running requests first. Parameters of `container`, `restarted` and `stopped`.
 *
 * @example yield stopped({ container: 'api7-gateway', ...serviceStop(inventory, host, 'gateway') });
 */
export const serviceStop = (inventory: Inventory, host: { readonly name: string }, service: Service['name']) =>
  service === 'gateway'
    ? { stopSignal: 'SIGQUIT', stopTimeoutSeconds: gatewayStopSeconds(inventory, host) }
    : { stopSignal: 'SIGTERM', stopTimeoutSeconds: CONTROL_PLANE_STOP_SECONDS };
