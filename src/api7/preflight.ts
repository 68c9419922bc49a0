import type { Steps } from '../core/task/task.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';
import { certificatesFit, certificatesOf } from './checks/certificates.ts';
import { refusals } from './checks/host-checks.ts';

/**
 * Gates that refuse a host before anything is changed anywhere: certificates that it cannot use, and those of `api7-orch check` that are about what the run is going to do, and
 * that cost a run without changes nothing.
 */
export function* preflight(inventory: Inventory, host: Pick<InventoryHost, 'name' | 'address' | 'groups'>): Steps {
  const certificates = certificatesOf(inventory).filter(({ hosts }) => hosts.includes(host.name));
  if (certificates.length > 0) yield certificatesFit({ certificates });
  for (const { gate } of refusals(inventory, host)) yield gate;
}
