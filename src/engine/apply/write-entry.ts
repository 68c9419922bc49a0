import { isConnectionLost, OrchError } from '../../core/base/errors.ts';
import type { Connection } from '../../core/host/connection.ts';
import type { Report } from '../../core/task/change.ts';
import { connectionFor, type Entry, type Planner, planEntries } from '../plan/plan-host.ts';

/** More lost connections during one change end it. */
const LOSSES = 5;

/**
 * Makes one planned change. After a lost connection its result is unknown: the state is read again, and written again
 * only if it still differs. An upload resumes each time.
 *
 * @throws OrchError OUTCOME_UNKNOWN when the state cannot be read back, or the write's own error
 */
export async function writeEntry(planner: Planner, entry: Entry, report: Report): Promise<void> {
  const { task } = entry;
  if (entry.plan.status !== 'change') return;
  const local = await planner.locals.of(task);
  let connection: Connection | undefined;
  for (let losses = 0; ; ) {
    try {
      if (losses > 0) {
        await planner.hosts.reconnect(task.on ?? planner.host, connection);
        await planEntries(planner, [entry]);
      }
      // After a pause of this process or of its network, the plan may be too old to act upon.
      if ((await planner.locks?.refresh()) === true) await planEntries(planner, [entry]);
      connection = await connectionFor(planner, task);
      const { plan } = entry as Entry;
      if (plan.status === 'error' && isConnectionLost(plan.error)) throw plan.error;
      if (plan.status === 'change') await task.bound.write(plan.change, connection, local, report);
      return;
    } catch (error) {
      if (!isConnectionLost(error) || losses++ >= LOSSES) throw error;
      if (!task.bound.confirmed) throw outcomeUnknown(task.title, error);
    }
  }
}

const outcomeUnknown = (title: string, cause: unknown): OrchError =>
  new OrchError('OUTCOME_UNKNOWN', `the connection was lost during ${title}: its result is unknown`, {
    hint: 'check on the host whether it ran, and repair what is left; then run again',
    cause,
  });
