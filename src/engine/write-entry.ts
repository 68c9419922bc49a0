import type { Connection } from '../core/connection.ts';
import { isConnectionLost, OrchError } from '../core/errors.ts';
import type { Report } from '../core/task-type.ts';
import { connectionFor, type Entry, type Planner, planEntries } from './plan-host.ts';

/**
 * Carries out one planned change. A lost connection leaves the outcome open: what can be read back is looked at again,
 * and written once more only if it is still to do.
 *
 * @throws OrchError OUTCOME_UNKNOWN where nothing can be read back, or the write's own error
 */
export async function writeEntry(planner: Planner, entry: Entry, report: Report): Promise<void> {
  const { task, plan } = entry;
  if (plan.status !== 'change') return;
  const local = await planner.locals.of(task);
  let connection: Connection | undefined;
  try {
    connection = await connectionFor(planner, task);
    await task.bound.write(plan.change, connection, local, report);
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    if (!task.bound.confirmed) throw outcomeUnknown(task.title, error);
    await planner.hosts.reconnect(task.on ?? planner.host, connection);
    await planEntries(planner, [entry]);
    const again = entry.plan as Entry['plan'];
    if (again.status === 'change')
      await task.bound.write(again.change, await connectionFor(planner, task), local, report);
  }
}

const outcomeUnknown = (title: string, cause: unknown): OrchError =>
  new OrchError('OUTCOME_UNKNOWN', `the connection was lost during ${title}: whether it ran is not known`, {
    hint: 'look on the host whether it ran, and put right what is left of it; then run again',
    cause,
  });
