import type { Repeatable } from '../../rolling/budget.ts';
import { isCanary } from '../../rolling/canary.ts';
import { nodeOf, type State } from '../../rolling/state.ts';
import type { Step } from '../../rolling/types.ts';

/** What the machine and the programs know of the nodes. The steps ask for it, and keep no copy. */
export interface NodeFacts {
  detailsOf(node: string): StepDetails;
  /** Reads again and checks whether the budget allows draining a node again. */
  repeatable(node: string): Promise<Repeatable>;
}

/** The circumstances in which a step runs. */
export interface StepDetails {
  /** All steps of the node, for the step's number. */
  readonly route?: readonly Step[];
  /** The node goes back to what it ran before its change. */
  readonly goesBack?: boolean;
  /** Changes a held node. */
  readonly evenHeld?: boolean;
  /** Restores a part of its traffic first, if its balancers support it. */
  readonly inPart?: boolean;
  /** Gates that the node's own program has passed since the change. */
  readonly met?: ReadonlySet<string>;
  /** Records before the drain what the node runs; `serves`: it is in service, so that version is known to work. */
  readonly keeps?: { readonly serves: boolean };
}

/** The machine's facts about a node that its steps need. */
export function stepDetailsOf(state: State, id: string): StepDetails {
  const node = nodeOf(state, id);
  if (node === undefined) return {};
  const { staysHeld, recovering, drainedEarlier, startReason } = node;
  return {
    // Only steps of the change are numbered, not those of a rollback.
    route: recovering ? [] : node.route,
    goesBack: recovering,
    evenHeld: staysHeld,
    inPart: isCanary(state, id),
    // The run that drained the node has recorded its version already.
    ...(drainedEarlier ? {} : { keeps: { serves: startReason === 'batch' } }),
  };
}
