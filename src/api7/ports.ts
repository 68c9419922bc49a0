import { addressesOf } from '../inventory/addresses-of.ts';
import type { ServicePort } from '../inventory/inventory.ts';

export interface PublishedPort {
  readonly address: string;
  readonly host: number;
  readonly container: number;
  readonly protocol: 'tcp' | 'udp';
}

/**
 * The addresses of a host on which the ports of a service are published.
 *
 * @example published(inventory.api7.dashboard.ports, host) // [{ address: '127.0.0.1', host: 17080, container: 17080, protocol: 'tcp' }, …]
 */
export const published = (ports: readonly ServicePort[], on: { readonly address: string }): readonly PublishedPort[] =>
  ports.flatMap((port) =>
    addressesOf(port, on).map((address) => ({
      address,
      host: port.host,
      container: port.container,
      protocol: port.protocol,
    })),
  );
