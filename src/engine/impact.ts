import type { Entry } from './plan-host.ts';

/** Whether it would change something that serves already. */
export const disrupts = ({ task, plan }: Entry): boolean =>
  plan.status === 'change' && !task.type.gate && task.type.impact === 'node' && plan.change.before !== null;

/** Not ready, or something that serves is not there: such a host must be well before a healthy one is touched. */
export const isTroubled = ({ task, plan }: Entry): boolean =>
  task.type.gate
    ? plan.status !== 'ok'
    : task.type.impact === 'node' && plan.status === 'change' && plan.change.before === null;
