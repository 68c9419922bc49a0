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

/** The steps of a node that goes back to what it ran before. It was in service with that: nothing is compared. */
export const recoveryOf = ({ balanced, staysHeld }: Pick<NodeState, 'balanced' | 'staysHeld'>): readonly Step[] => [
  'recover',
  'waitReady',
  ...(balanced ? (['restore'] as const) : []),
  ...(balanced && !staysHeld ? (['waitInService'] as const) : []),
];

/** Checks that a screen does not count: they concern other things than the node's own way through the change. */
const UNNUMBERED: ReadonlySet<Step> = new Set(['checkDependencies', 'recheck']);

/**
 * Where a step is among the numbered steps of a route, from 1; nothing for a step without a number.
 *
 * @example numberOf(['checkDependencies', 'drain', 'waitIdle', 'apply'], 'drain') // { index: 1, of: 3 }
 */
export function numberOf(
  route: readonly Step[],
  step: Step,
): { readonly index: number; readonly of: number } | undefined {
  const numbered = route.filter((each) => !UNNUMBERED.has(each));
  const index = numbered.indexOf(step) + 1;
  return index === 0 ? undefined : { index, of: numbered.length };
}

/** The step after `step`; undefined: it was the last one. */
export const stepAfter = (route: readonly Step[], step: Step): Step | undefined => route[route.indexOf(step) + 1];

/** Steps during which nothing of the node itself has been changed yet. */
export const isBeforeApply = (step: Step | undefined): boolean =>
  step === 'checkDependencies' || step === 'drain' || step === 'waitIdle';
