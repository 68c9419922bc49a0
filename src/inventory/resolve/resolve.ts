import { dirname } from 'node:path';
import type { Inventory } from '../inventory.ts';
import { localPath } from '../read/local-path.ts';
import type { InventoryFile } from '../schema/schema.ts';
import { resolveApi7 } from './api7.ts';
import { resolveGatewayGroups } from './gateway-groups.ts';
import { inOrder, resolveHosts } from './hosts.ts';
import { resolveLoadBalancer } from './load-balancers.ts';

type Variables = Readonly<Record<string, unknown>>;

/** Orders that the schema's plain objects lose: they put numeric names first. */
export interface FileOrder {
  /** Names of hosts, groups, gateway groups and pools in the order of the file. */
  readonly hosts: readonly string[];
  readonly groups: readonly string[];
  readonly gatewayGroups: readonly string[];
  readonly pools: readonly string[];
}

/** Turns a checked file into the inventory for the rest of api7-orch: absolute paths, merged settings. */
export function resolveInventory(
  file: InventoryFile,
  { path, order }: { readonly path: string; readonly order: FileOrder },
  extraVars: Variables,
): Inventory {
  const dir = dirname(path);
  const { hosts, names } = resolveHosts(file, { path, order }, extraVars);
  const gatewayGroups = resolveGatewayGroups(file, inOrder(file.gateway_groups, order.gatewayGroups), names);

  return {
    file: path,
    dir,
    cluster: file.cluster,
    hosts,
    groups: names.groups,
    api7: resolveApi7(file.api7, (text) => localPath(dir, text)),
    gatewayGroups,
    loadBalancers: new Map(
      inOrder(file.load_balancers, order.pools).map(([name, pool]) => [name, resolveLoadBalancer(name, pool, names)]),
    ),
  };
}
