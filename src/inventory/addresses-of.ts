import type { InventoryHost, ServicePort } from './inventory.ts';

/**
 * IP addresses on which a host publishes a port, each once.
 *
 * @example addressesOf(port, host) // ['127.0.0.1', '10.0.2.21']
 */
export const addressesOf = (
  { addresses }: Pick<ServicePort, 'addresses'>,
  host: Pick<InventoryHost, 'address'>,
): readonly string[] => [...new Set(addresses.map((one) => (one === '{address}' ? host.address : one)))];
