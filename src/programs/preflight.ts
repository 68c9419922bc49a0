import { takenOver } from '../adopt/find-running.ts';
import { certificatesFit } from '../api7/checks/certificates.ts';
import { refusals } from '../api7/checks/host-checks.ts';
import { certificatesOf } from '../api7/checks/inventory-certificates.ts';
import { servicesOn } from '../api7/services.ts';
import type { Steps } from '../core/task/task.ts';
import type { Inventory, InventoryHost } from '../inventory/inventory.ts';

/**
 * Gates that refuse a host before any change: unusable certificates, and the checks of `api7-orch check` that concern
 * the run and cost a run without changes nothing. `adopts`: the run takes over containers that api7-orch did not create.
 */
export function* preflight(
  inventory: Inventory,
  host: Pick<InventoryHost, 'name' | 'address' | 'groups'>,
  { adopts = false }: { readonly adopts?: boolean } = {},
): Steps {
  const certificates = certificatesOf(inventory).filter(({ hosts }) => hosts.includes(host.name));
  if (certificates.length > 0) yield certificatesFit({ certificates });
  const services = servicesOn(inventory, host).map(({ name }) => name);
  for (const { gate } of refusals(inventory, host, takenOver(services, adopts))) yield gate;
}
