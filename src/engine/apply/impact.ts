import type { Entry } from '../plan/plan-host.ts';
import type { PlanFindings } from './disruption-gate.ts';

/** Whether it would change something that serves already. */
export const disrupts = ({ task, plan }: Entry): boolean =>
  plan.status === 'change' && !task.type.gate && task.type.impact === 'node' && plan.change.before !== null;

/** What serves on this host is changed in its turn alone; what serves on another one, by that one's own program. */
export const isOutOfTurn = (entry: Entry, host: string, mayDisrupt: boolean): boolean =>
  disrupts(entry) && (!mayDisrupt || (entry.task.on ?? host) !== host);

/** Not ready, or something that serves is not there: such a host must be well before a healthy one is touched. */
export const isTroubled = ({ task, plan }: Entry): boolean =>
  task.type.gate
    ? plan.status !== 'ok'
    : task.type.impact === 'node' && plan.status === 'change' && plan.change.before === null;

/** It has something to write, or to wait for: while things are being changed a gate must hold as often as it wants. */
export const isBusy = ({ plan, task }: Entry, isMoving: boolean): boolean =>
  plan.status !== 'ok' || (task.type.gate && isMoving && task.bound.patience().passes > 1);

/** It is about what the host serves: it may change that, or wants the host in traffic. */
const serves = ({ task: { type } }: Entry): boolean =>
  type.inTraffic === true || (!type.gate && type.impact === 'node');

/** What a program turns out to be about, once it is planned. */
export const foundIn = (entries: readonly Entry[]): PlanFindings => ({
  unhealthy: entries.some(isTroubled),
  disrupts: entries.some(disrupts),
  serves: entries.some(serves),
});
