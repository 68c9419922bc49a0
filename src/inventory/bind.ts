import type { Api7Settings, BindPort, InventoryHost } from './inventory.ts';

/**
 * IP addresses to publish a port on at one host, each once.
 *
 * @example bindAddresses(inventory.api7, host, 'status') // ['127.0.0.1', '10.0.2.21']
 */
export function bindAddresses(
  api7: Pick<Api7Settings, 'bind'>,
  host: Pick<InventoryHost, 'address'>,
  port: BindPort,
): readonly string[] {
  return [...new Set(api7.bind[port].map((address) => (address === '{address}' ? host.address : address)))];
}
