import type { RolledNode } from '../../core/event/event.ts';
import { KEPT_IN_SERVICE } from '../../rolling/answers.ts';
import { endOf, type NodeEnd } from '../../rolling/report.ts';
import type { State } from '../../rolling/state.ts';
import type { RollContext } from './roll-context.ts';
import type { CanaryTraffic } from './soak/canary-traffic.ts';

interface RolledNodes {
  readonly state: State;
  readonly inRun: readonly string[];
  /** Hosts whose program was never started. */
  readonly leftOut: ReadonlySet<string>;
  /** The nodes that get only a part of their traffic. */
  readonly canaries: Pick<CanaryTraffic, 'partOf'>;
}

/** Reports the result of every node of the run. */
export function emitOutcomes(
  { emit, play, restoreCommand, startCommand }: RollContext,
  { state, inRun, leftOut, canaries }: RolledNodes,
): void {
  const nodes = inRun.flatMap((id) => {
    const end = endOf(state, id);
    if (end === undefined) return [];
    const told = leftOut.has(id) ? ({ ...end, state: 'untouched' } as const) : end;
    const stopped = told.state === 'done' && told.drained === 'yes' && startCommand !== undefined;
    const next = stopped ? startCommand(id) : restoreCommand?.(id);
    return [[id, rolledNode(told, { next, stopped, inPart: canaries.partOf(id) !== undefined })] as const];
  });
  emit({ type: 'roll.end', play: play.options.name, nodes: Object.fromEntries(nodes) });
}

interface Left {
  /** The command that restores the node. */
  readonly next: string | undefined;
  /** That command starts it. */
  readonly stopped: boolean;
  readonly inPart: boolean;
}

const rolledNode = (
  { state, traffic, why, drained, also, soakDue }: NodeEnd,
  { next, stopped, inPart }: Left,
): RolledNode => ({
  state,
  traffic,
  ...(why === undefined || state === 'done'
    ? {}
    : { cause: [why, ...notTakenOut(also), ...partly(inPart && traffic === 'in')].join('; ') }),
  ...(soakDue ? { soakDue } : {}),
  ...((drained === 'no' && !inPart) || next === undefined ? {} : { next, ...(stopped ? { stopped } : {}) }),
});

const partly = (inPart: boolean): readonly string[] => (inPart ? ['it keeps a part of its traffic'] : []);

const SHOWN: ReadonlySet<string> = new Set(['NO_WAY_BACK', ...KEPT_IN_SERVICE]);

/** Why a failed node was not drained again, or not rolled back. */
const notTakenOut = (also: NodeEnd['also']): readonly string[] =>
  also.flatMap(({ code, message }) => (SHOWN.has(code) ? [message] : []));
