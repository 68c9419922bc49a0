import type { z } from 'zod';
import { api7 } from './api7.ts';
import { block, text } from './fields.ts';
import { gatewayGroups } from './gateway.ts';
import { groups, hosts, ssh, vars } from './hosts.ts';
import { loadBalancers } from './load-balancers.ts';

/**
 * The inventory file: the single source of its types, of `inventory.schema.json` and of the reference in the docs.
 * Rules across fields (existing groups, duplicate addresses) are checked in `check.ts`.
 */
export const inventoryFile = block(
  {
    cluster: text('Name of the cluster.'),
    ssh: ssh.optional(),
    hosts,
    groups: groups.optional(),
    vars: vars.optional(),
    api7,
    gateway_groups: gatewayGroups.optional(),
    load_balancers: loadBalancers.optional(),
  },
  'Inventory of api7-orch.',
);

/** What discovery begins with: how hosts are reached, and nothing of what runs there. */
export const hostsFile = block(
  {
    cluster: text('Name of the cluster.'),
    ssh: ssh.optional(),
    hosts,
    groups: groups.optional(),
    vars: vars.optional(),
  },
  'Hosts of a cluster that runs already.',
);

export type HostsFile = z.output<typeof hostsFile>;

export type InventoryFile = z.output<typeof inventoryFile>;
