import { defined } from '../../core/base/data.ts';
import { parseDuration } from '../../core/base/duration.ts';
import type { BalancerHooks, LoadBalancerSettings, ManagedPool } from '../inventory.ts';
import { matchPattern, type PatternNames } from '../pattern.ts';
import { DEFAULTS } from '../schema/defaults.ts';
import type { InventoryFile } from '../schema/schema.ts';

type PoolFile = NonNullable<InventoryFile['load_balancers']>[string];
type DrivenFile = Exclude<PoolFile, { driver: 'none' }>;
type CommandFile = Extract<PoolFile, { driver: 'command' }>;

/** One entry of `load_balancers:` with its patterns settled and every default filled in. */
export function resolveLoadBalancer(name: string, pool: PoolFile, names: PatternNames): LoadBalancerSettings {
  switch (pool.driver) {
    case 'none': {
      const { driver, port, reason } = pool;
      const members = matchPattern(names, pool.members);
      return { driver, name, members, ...defined({ port }), reason };
    }
    case 'haproxy': {
      const { driver, socket, config = DEFAULTS.haproxyConfig } = pool;
      return { driver, ...drivenOf(name, pool, names), socket, config };
    }
    case 'nginx': {
      const {
        driver,
        include,
        pid = DEFAULTS.nginxPid,
        test = DEFAULTS.nginxTest,
        reload = DEFAULTS.nginxReload,
      } = pool;
      return { driver, ...drivenOf(name, pool, names), include, pid, test, reload };
    }
    case 'command':
      return { driver: pool.driver, ...drivenOf(name, pool, names), hooks: hooksOf(pool.hooks) };
  }
}

function drivenOf(name: string, pool: DrivenFile, names: PatternNames): ManagedPool {
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

function hooksOf({ status, drain, restore, close, counters }: CommandFile['hooks']): BalancerHooks {
  return {
    status,
    drain,
    restore,
    ...defined({ close, counters }),
  };
}
