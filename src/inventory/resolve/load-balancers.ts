import { defined } from '../../core/base/data.ts';
import { parseDuration } from '../../core/base/duration.ts';
import type { LoadBalancerSettings, ManagedPool } from '../inventory.ts';
import { matchPattern, type PatternNames } from '../pattern.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import type { DriverFields, ManagedFile } from '../schema/load-balancers.ts';
import type { InventoryFile } from '../schema/schema.ts';

type PoolFile = NonNullable<InventoryFile['load_balancers']>[string];

/** One entry of `load_balancers:` with patterns and defaults resolved. */
export function resolveLoadBalancer(name: string, pool: PoolFile, names: PatternNames): LoadBalancerSettings {
  if (pool.driver !== 'none') return { ...managedOf(name, pool, names), ...driverFieldsOf(pool) };
  const { driver, port, reason } = pool;
  return { driver, name, members: matchPattern(names, pool.members), ...defined({ port }), reason };
}

const driverFieldsOf = ({
  hosts,
  members,
  port,
  longest_request,
  drain,
  data_ports,
  check,
  ...own
}: ManagedFile): DriverFields => own;

function managedOf(name: string, pool: ManagedFile, names: PatternNames): ManagedPool {
  const { drain = {}, check } = pool;
  const longestRequestMs = pool.longest_request ?? parseDuration(DEFAULTS.longestRequest);
  return {
    name,
    hosts: matchPattern(names, pool.hosts),
    members: matchPattern(names, pool.members),
    port: pool.port,
    longestRequestMs,
    drain: {
      withinMs: drain.within ?? longestRequestMs,
      onTimeout: drain.on_timeout ?? DEFAULTS.drainOnTimeout,
      quietMs: drain.quiet ?? parseDuration(DEFAULTS.drainQuiet),
    },
    ...defined({ dataPorts: pool.data_ports }),
    ...(check === undefined ? {} : { check: { everyMs: check.every, fall: check.fall, rise: check.rise } }),
    declared: { longestRequest: pool.longest_request !== undefined, within: drain.within !== undefined },
  };
}
