import { bindAddresses } from '../inventory/bind.ts';
import type { Api7Settings, BindPort } from '../inventory/inventory.ts';
import { PORTS } from './paths.ts';

export interface PublishedPort {
  readonly address: string;
  readonly host: number;
  readonly container: number;
}

/** The host addresses on which one of API7's ports is published, as the inventory binds it. */
export const published = (
  api7: Api7Settings,
  host: { readonly address: string },
  port: BindPort,
): readonly PublishedPort[] =>
  bindAddresses(api7, host, port).map((address) => ({ address, host: PORTS[port], container: PORTS[port] }));
