import { dateOf } from '../../core/base/clock.ts';
import { OrchError } from '../../core/base/errors.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { balancersOf } from '../../traffic/pool-member.ts';
import { poolMembersOf, readPoolMembers } from '../../traffic/pool-snapshot.ts';
import { namingSlowHosts } from '../naming-slow-hosts.ts';
import { printReport } from '../print/print-report.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { readHosts } from './read-hosts.ts';
import { statusReport } from './report.ts';
import { statusLines } from './table.ts';

export interface StatusFlags extends ReadFlags {
  /** Also exit with 3 if a service is unhealthy. */
  readonly exitCode?: boolean;
}

/** Groups whose hosts run API7's services. */
const GROUPS = ['control_plane', 'data_plane'];

/**
 * `api7-orch status`: the state of the control plane's services and the gateways. Only reads.
 *
 * @returns 0; 3 when something could not be read, or, if requested, is unhealthy; 6 when interrupted
 */
export async function status(pattern: string, flags: StatusFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const targets = selectHosts(inventory, pattern).filter(({ groups }) => GROUPS.some((name) => groups.includes(name)));
  if (targets.length === 0)
    throw new OrchError('NO_HOSTS_MATCHED', `"${pattern}" names no host of ${GROUPS.join(' or ')}`, {
      hint: 'balancers are shown by api7-orch lb status',
    });
  const chosen = new Set(targets.map(({ name }) => name));
  const poolMembers = poolMembersOf(inventory).filter(({ member }) => chosen.has(member.node));
  const names = [...new Set([...chosen, ...balancersOf(poolMembers)])];

  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  const { forks, clock } = session;
  return await untilInterrupted(session, async () => {
    const [seen, looked] = await namingSlowHosts(session, environment, (hosts) =>
      Promise.all([
        readHosts(inventory, targets, { hosts, forks }),
        readPoolMembers(inventory, poolMembers, { hosts, forks }),
      ]),
    );
    const report = statusReport(inventory, seen, looked, dateOf(clock));
    await printReport(report, (shown, style) => statusLines(shown, style, flags.inventory), flags, environment.stdout);
    if (report.errors.length > 0) return 3;
    return flags.exitCode === true && report.hosts.some(({ healthy }) => !healthy) ? 3 : 0;
  });
}
