import { defined } from '../core/base/data.ts';
import type { Secret } from '../core/base/secret.ts';
import { gatewayGroupOf } from '../inventory/gateway-group.ts';
import type { ContainerSettings, Inventory } from '../inventory/inventory.ts';
import type { Service } from './services.ts';

/** The inventory's settings for a service's container on a host. */
export const settingsOf = (
  inventory: Pick<Inventory, 'api7' | 'gatewayGroups'>,
  host: { readonly name: string },
  service: Service['name'],
): ContainerSettings =>
  service === 'gateway' ? gatewayGroupOf(inventory, host.name).container : inventory.api7[service].container;

interface Own {
  readonly env?: Readonly<Record<string, string | Secret>>;
  readonly mounts: readonly { readonly source: string; readonly target: string }[];
}

/**
 * Container settings as parameters of the task `container`, with the variables and mounts that the service itself
 * needs.
 *
 * @example yield container({ name, image, ...withSettings(settingsOf(inventory, host, 'gateway'), { env:
 *   gatewayEnv(group, host), mounts }) });
 */
export function withSettings(settings: ContainerSettings, { env = {}, mounts }: Own) {
  const { memory, cpus, log, labels, extraHosts, dns } = settings;
  return {
    env: { ...settings.env, ...env },
    mounts: [...mounts, ...settings.mounts],
    ...defined({ memory, cpus, log }),
    labels,
    extraHosts,
    dns,
  };
}
