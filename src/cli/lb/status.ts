import { dateOf } from '../../core/base/clock.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { balancersOf } from '../../traffic/pool-member.ts';
import { poolMembersOf, readPoolMembers } from '../../traffic/pool-snapshot.ts';
import { namingSlowHosts } from '../naming-slow-hosts.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { refuseNoPools } from './nodes.ts';
import { poolsReport } from './report.ts';
import { poolsLines } from './table.ts';

/** `api7-orch lb status`: each balancer's view of each member. @returns 0; 3 when one of them did not respond; 6 */
export async function lbStatus(pattern: string, flags: ReadFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const chosen = new Set(selectHosts(inventory, pattern).map(({ name }) => name));
  const keeps = (node: string, balancer = ''): boolean => chosen.has(node) || chosen.has(balancer);
  const poolMembers = poolMembersOf(inventory).filter(({ member, balancer }) => keeps(member.node, balancer.host));
  const unmanaged = [...inventory.loadBalancers.values()].some(({ members }) => members.some((node) => keeps(node)));
  if (poolMembers.length === 0 && !unmanaged) refuseNoPools(inventory, pattern);

  await using session = await openSession({
    inventory,
    hosts: balancersOf(poolMembers),
    flags,
    safePoint: false,
    environment,
  });
  const { forks, clock } = session;
  return await untilInterrupted(session, async () => {
    const looked = await namingSlowHosts(session, environment, (hosts) =>
      readPoolMembers(inventory, poolMembers, { hosts, forks }),
    );
    const report = poolsReport(inventory, looked, { at: dateOf(clock), keeps });
    await printReport(report, poolsLines, flags, environment.stdout);
    return report.errors.length > 0 ? 3 : 0;
  });
}
