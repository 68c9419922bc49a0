import { OrchError } from '../../core/base/errors.ts';
import type { Entry } from '../plan/plan-host.ts';
import type { PlanFindings } from './disruption-gate.ts';

/** Whether the planned change can interrupt an existing service. */
export const disrupts = ({ task, plan }: Entry): boolean =>
  plan.status === 'change' && !task.type.gate && task.type.impact === 'node' && plan.change.before !== null;

/** Whether the change needs a drain first. Changes on another host belong to that host's own program. */
export const lacksDrain = (entry: Entry, host: string, mayDisrupt: boolean): boolean =>
  disrupts(entry) && (!mayDisrupt || (entry.task.on ?? host) !== host);

/** The error of such a change. */
export function notDrained({ task }: Entry, host: string): OrchError {
  const node = task.on ?? host;
  const hint = node === host ? undefined : `state this change in the play of ${node}, without delegate()`;
  return new OrchError('NOT_DRAINED', `${task.title}: change refused, node ${node} is not drained`, { hint });
}

/** Not ready, or a service does not exist: such a host must be repaired before a healthy one is drained. */
const isUnhealthy = ({ task, plan }: Entry): boolean =>
  task.type.gate
    ? plan.status !== 'ok'
    : task.type.impact === 'node' && plan.status === 'change' && plan.change.before === null;

/** Whether it has something to write or to wait for. After a change a gate must be met as many times as it requires. */
export const isBusy = ({ plan, task }: Entry, isMoving: boolean): boolean =>
  plan.status !== 'ok' || (task.type.gate && isMoving && task.bound.patience().passes > 1);

/** Whether the task concerns a service of the node: it may change one, or needs the node in service. */
const serves = ({ task: { type } }: Entry): boolean =>
  type.inTraffic === true || (!type.gate && type.impact === 'node');

/** The findings of a planned program. */
export const foundIn = (entries: readonly Entry[]): PlanFindings => ({
  unhealthy: entries.some(isUnhealthy),
  disrupts: entries.some(disrupts),
  serves: entries.some(serves),
});
