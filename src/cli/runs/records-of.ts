import pLimit from 'p-limit';
import type { Inventory } from '../../inventory/inventory.ts';
import { type FoundRuns, readRunRecords } from '../../runs/read-records.ts';
import { hostsWithRecords } from '../../runs/record-hosts.ts';
import type { Session } from '../session.ts';

/** The run records on the hosts of an inventory. */
export async function recordsOf(
  { hosts, forks }: Session,
  inventory: Inventory,
  withoutLb: readonly string[] = [],
): Promise<FoundRuns> {
  const limit = pLimit(forks);
  return await readRunRecords(hostsWithRecords(inventory, withoutLb), (host) => limit(() => hosts.get(host)));
}
