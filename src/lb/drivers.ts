import type { Balancer } from '../core/host/balancer.ts';
import type { LoadBalancerSettings } from '../inventory/inventory.ts';
import { commandDriver } from './command/command.ts';
import { haproxy } from './haproxy/haproxy.ts';
import { nginx } from './nginx/nginx.ts';

/** Settings of a managed pool. */
export type DriverSettings = Exclude<LoadBalancerSettings, { readonly driver: 'none' }>;

/** The pool and the host of one balancer. */
interface BalancerPlace {
  readonly pool: string;
  readonly host: string;
}

type Drivers = {
  readonly [D in DriverSettings['driver']]: (
    settings: Extract<DriverSettings, { readonly driver: D }> & BalancerPlace,
  ) => Balancer;
};

/** All drivers, by their names in the inventory. */
const DRIVERS: Drivers = {
  haproxy,
  nginx,
  command: commandDriver,
};

/** The balancer of a pool on one of the pool's hosts. */
export function balancerOf(settings: DriverSettings, host: string): Balancer {
  // The compiler cannot relate the key to its settings.
  const driver = DRIVERS[settings.driver] as (settings: DriverSettings & BalancerPlace) => Balancer;
  return driver({ ...settings, pool: settings.name, host });
}
