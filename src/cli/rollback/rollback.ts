import pLimit from 'p-limit';
import { servicesOn } from '../../api7/services.ts';
import { OrchError } from '../../core/base/errors.ts';
import { errorInfoOf } from '../../core/event/error-info.ts';
import { loadInventory } from '../../inventory/load.ts';
import { selectHosts } from '../../inventory/select.ts';
import { lookAtPrevious } from '../../tasks/previous-states.ts';
import { printReport } from '../print/print-report.ts';
import { run } from '../run/run.ts';
import type { RunFlags } from '../run/run-flags.ts';
import { type CliEnvironment, openSession, type ReadFlags, untilInterrupted } from '../session.ts';
import { type PreviousReport, type PreviousRow, previousLines } from './table.ts';

export interface RollbackFlags extends RunFlags {
  readonly to?: string;
}

/**
 * `api7-orch rollback`: without a pattern it lists the previous versions of each node; with one it rolls these nodes
 * back.
 *
 * @returns the exit code of the run; of a list 0, 3 when a host could not be read, 6 when interrupted
 * @throws OrchError USAGE
 */
export async function rollback(pattern: string | undefined, flags: RollbackFlags): Promise<number> {
  const { to } = flags;
  if (pattern === undefined && to === undefined) {
    const { output, ...read } = flags;
    return await listPrevious({ ...read, output: output === 'json' ? 'json' : 'table' });
  }
  if (pattern === undefined || to === undefined)
    throw new OrchError('USAGE', 'rollback needs hosts and a version', {
      hint: `api7-orch rollback gw-1 --to VERSION -i ${flags.inventory}; without both it lists the versions`,
    });
  return await run('rollback', { ...flags, limit: pattern, extraVars: [...flags.extraVars, `to=${to}`] });
}

/** Lists the running version of each node, and its previous ones. */
export async function listPrevious(flags: ReadFlags, environment: CliEnvironment = {}): Promise<number> {
  const inventory = await loadInventory(flags.inventory);
  const targets = selectHosts(inventory, 'all').filter((host) => servicesOn(inventory, host).length > 0);
  const names = targets.map(({ name }) => name);
  await using session = await openSession({ inventory, hosts: names, flags, safePoint: false, environment });
  return await untilInterrupted(session, async () => {
    const rows = await pLimit(session.forks).map([...targets], async (target): Promise<readonly PreviousRow[]> => {
      const { name } = target;
      const services = servicesOn(inventory, target);
      try {
        const host = await session.hosts.get(name);
        return await Promise.all(
          services.map(async ({ container, name: service }) => ({
            host: name,
            container,
            ...(await lookAtPrevious(container, host)),
            ...(service === 'gateway' ? {} : { refused: 'the database may have been migrated' }),
          })),
        );
      } catch (error) {
        const fault = errorInfoOf(error, { host: name });
        return services.map(({ container }) => ({ host: name, container, states: [], error: fault }));
      }
    });
    const report: PreviousReport = { containers: rows.flat() };
    await printReport(
      report,
      (shown, style) => previousLines(shown, style, flags.inventory),
      flags,
      environment.stdout,
    );
    return report.containers.some(({ error }) => error !== undefined) ? 3 : 0;
  });
}
