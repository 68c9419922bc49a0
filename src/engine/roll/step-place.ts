import type { NodeState } from '../../rolling/state.ts';
import type { Step } from '../../rolling/types.ts';

/** What a step is carried out with. */
export interface StepPlace {
  /** All steps of the node: what the step is numbered by. */
  readonly route?: readonly Step[];
  /** Nodes that a recheck looks at. */
  readonly nodes?: readonly string[];
  /** The node is changed although a person holds it. */
  readonly evenHeld?: boolean;
  /** It is restored to a part of its traffic first, where its balancers can. */
  readonly inPart?: boolean;
  /** Before its drain, what the node runs is recorded: whether it is in full service, and so known to be good. */
  readonly keeps?: { readonly serves: boolean };
}

/** What the machine knows of a node that matters to its steps. */
export function placeOf(node: NodeState | undefined): StepPlace {
  if (node === undefined) return {};
  const { staysHeld, recovering, drainedEarlier, startReason } = node;
  return {
    // Numbers count the way through the change, not the way back.
    route: recovering ? [] : node.route,
    evenHeld: staysHeld,
    // What an earlier run has drained is on record since then.
    ...(drainedEarlier ? {} : { keeps: { serves: startReason === 'batch' } }),
  };
}
