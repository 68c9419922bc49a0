import type { RolledNode } from '../../core/event/event.ts';
import { endOf, type NodeEnd } from '../../rolling/report.ts';
import type { State } from '../../rolling/state.ts';
import type { RollContext } from './roll-context.ts';

/** Tells how every node of the run came out of it. `leftOut`: hosts whose program was never begun. */
export function emitOutcomes(
  { emit, play, restoreCommand }: RollContext,
  state: State,
  inRun: readonly string[],
  leftOut: ReadonlySet<string>,
): void {
  const nodes = inRun.flatMap((id) => {
    const end = endOf(state, id);
    if (end === undefined) return [];
    const told = leftOut.has(id) ? ({ ...end, state: 'untouched' } as const) : end;
    return [[id, rolledNode(told, restoreCommand?.(id))] as const];
  });
  emit({ type: 'roll.end', play: play.options.name, nodes: Object.fromEntries(nodes) });
}

/** `restore`: the command that gives it back, where it may be drained. */
const rolledNode = ({ state, traffic, why, drained }: NodeEnd, restore: string | undefined): RolledNode => ({
  state,
  traffic,
  ...(why === undefined || state === 'done' ? {} : { cause: why }),
  ...(drained === 'no' || restore === undefined ? {} : { next: restore }),
});
