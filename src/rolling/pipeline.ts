import type { NodeState } from './state.ts';
import type { Options, Step } from './types.ts';

const PREPARE: readonly Step[] = ['checkDependencies', 'drain', 'waitIdle', 'apply'];

/** The steps of a node that has its turn, in order, when all goes well. */
export function routeOf(
  node: Pick<NodeState, 'balanced' | 'staysHeld'> & { readonly wants: boolean },
  options: Pick<Options, 'leaveDrained'>,
): readonly Step[] {
  const before: readonly Step[] = !node.wants ? [] : node.balanced ? PREPARE : ['checkDependencies', 'apply'];
  if (options.leaveDrained) return before;
  // Held nodes go back to whoever holds them: there is no service to confirm or to watch.
  const service: readonly Step[] = node.staysHeld ? [] : ['waitInService', 'soak'];
  return [
    ...before,
    'waitReady',
    ...(node.balanced ? (['restore', ...service] as const) : (['soak'] as const)),
    'recheck',
  ];
}

/** The step after `step`; undefined: it was the last one. */
export const stepAfter = (route: readonly Step[], step: Step): Step | undefined => route[route.indexOf(step) + 1];

/** Steps during which nothing of the node itself has been changed yet. */
export const isBeforeApply = (step: Step | undefined): boolean =>
  step === 'checkDependencies' || step === 'drain' || step === 'waitIdle';
