import type { RolledNode } from '../../core/event/event.ts';
import { KEPT_IN_SERVICE } from '../../rolling/answers.ts';
import { endOf, type NodeEnd } from '../../rolling/report.ts';
import type { State } from '../../rolling/state.ts';
import type { RollContext } from './roll-context.ts';

/** Reports the result of every node of the run. `leftOut`: hosts whose program was never started. */
export function emitOutcomes(
  { emit, play, restoreCommand, startCommand }: RollContext,
  state: State,
  inRun: readonly string[],
  leftOut: ReadonlySet<string>,
): void {
  const nodes = inRun.flatMap((id) => {
    const end = endOf(state, id);
    if (end === undefined) return [];
    const told = leftOut.has(id) ? ({ ...end, state: 'untouched' } as const) : end;
    const stopped = told.state === 'done' && told.drained === 'yes' && startCommand !== undefined;
    return [[id, rolledNode(told, stopped ? startCommand(id) : restoreCommand?.(id), stopped)] as const];
  });
  emit({ type: 'roll.end', play: play.options.name, nodes: Object.fromEntries(nodes) });
}

/** `next`: the command that restores the node, if it may be drained; `stopped`: that command starts it. */
const rolledNode = (
  { state, traffic, why, drained, also, soakDue }: NodeEnd,
  next: string | undefined,
  stopped: boolean,
): RolledNode => ({
  state,
  traffic,
  ...(why === undefined || state === 'done' ? {} : { cause: [why, ...notTakenOut(also)].join('; ') }),
  ...(soakDue ? { soakDue } : {}),
  ...(drained === 'no' || next === undefined ? {} : { next, ...(stopped ? { stopped } : {}) }),
});

const SHOWN: ReadonlySet<string> = new Set(['NO_WAY_BACK', ...KEPT_IN_SERVICE]);

/** Why a failed node was not drained again, or not rolled back. */
const notTakenOut = (also: NodeEnd['also']): readonly string[] =>
  also.flatMap(({ code, message }) => (SHOWN.has(code) ? [message] : []));
