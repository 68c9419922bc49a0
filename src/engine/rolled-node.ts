import type { RolledNode } from '../core/event.ts';
import type { NodeEnd } from '../rolling/report.ts';

/** How a node came out of a roll, as it is told. `restore`: the command that gives it back, where it may be drained. */
export const rolledNode = ({ state, traffic, why, drained }: NodeEnd, restore: string | undefined): RolledNode => ({
  state,
  traffic,
  ...(why === undefined || state === 'done' ? {} : { cause: why }),
  ...(drained === 'no' || restore === undefined ? {} : { next: restore }),
});
