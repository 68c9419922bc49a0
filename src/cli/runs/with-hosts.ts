import { loadInventory } from '../../inventory/load.ts';
import { hostsWithRecords } from '../../runs/record-hosts.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { knownRuns, type RunsReport } from './known-runs.ts';

/** Flags of verbs that read the controller and, with an inventory, its hosts. */
export type RunsFlags = Omit<ReadFlags, 'inventory'> & { readonly inventory?: string };

/** Reads the runs of the controller and, with an inventory, of its hosts. @returns what `show` returns; 6 */
export async function withKnownRuns(
  { inventory: file, ...flags }: RunsFlags,
  environment: CliEnvironment,
  show: (report: RunsReport) => Promise<number>,
): Promise<number> {
  if (file === undefined) return await show(await knownRuns());
  const inventory = await loadInventory(file);
  await using session = await openSession({
    inventory,
    hosts: hostsWithRecords(inventory),
    flags: { ...flags, inventory: file },
    safePoint: false,
    environment,
  });
  return await untilInterrupted(session, async () => await show(await knownRuns({ session, inventory })));
}
