import type { Steps } from '../core/task/task.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';
import { certificatesFit } from './checks/certificates.ts';
import { refusals } from './checks/host-checks.ts';
import { certificatesOf } from './checks/inventory-certificates.ts';

/**
 * Gates that refuse a host before any change: unusable certificates, and the checks of `api7-orch check` that concern
 * the run and cost a run without changes nothing.
 */
export function* preflight(
  inventory: Inventory,
  host: Pick<InventoryHost, 'name' | 'address' | 'groups'>,
  options: { readonly adopts?: boolean } = {},
): Steps {
  const certificates = certificatesOf(inventory).filter(({ hosts }) => hosts.includes(host.name));
  if (certificates.length > 0) yield certificatesFit({ certificates });
  for (const { gate } of refusals(inventory, host, options)) yield gate;
}
