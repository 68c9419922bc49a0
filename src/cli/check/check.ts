import { dateOf } from '../../core/base/clock.ts';
import { EXIT_CODES } from '../../core/event/exit-codes.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { namingSlowHosts } from '../naming-slow-hosts.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { examine } from './examine.ts';
import { type CheckReport, countOf } from './report.ts';
import { checkLines } from './table.ts';

export interface CheckFlags extends ReadFlags {
  /** Check the conditions of `install --adopt`. */
  readonly adopt?: boolean;
  /** Containers that no compose project and no unit owns any more. */
  readonly unmanaged?: readonly string[];
}

/**
 * `api7-orch check`: whether hosts, balancers, database and certificates are ready for a run. Only reads.
 *
 * @returns 0, also with warnings; 2 when a check failed; 6 when interrupted
 */
export async function check(pattern: string, flags: CheckFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const targets = selectHosts(inventory, pattern);
  const names = targets.map(({ name }) => name);
  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  const { forks, clock } = session;
  return await untilInterrupted(session, async () => {
    const at = dateOf(clock);
    const adopting = flags.adopt === true ? { unmanaged: flags.unmanaged ?? [] } : undefined;
    const checked = await namingSlowHosts(session, environment, (hosts) =>
      examine(inventory, targets, { hosts, forks, now: at, adopting }),
    );
    const report: CheckReport = { cluster: inventory.cluster, at: at.toISOString(), hosts: checked };
    await printReport(report, checkLines, flags, environment.stdout);
    return countOf(checked, 'failed') > 0 ? EXIT_CODES.refused : EXIT_CODES.ok;
  });
}
