import type { NodeState } from './state.ts';
import type { Options, Step } from './types.ts';

const PREPARE: readonly Step[] = ['checkDependencies', 'drain', 'waitIdle', 'apply'];

/** The steps of a node in order, if all of them succeed. */
export function routeOf(
  node: Pick<NodeState, 'balanced' | 'staysHeld'> & { readonly wants: boolean },
  options: Pick<Options, 'leaveDrained'>,
): readonly Step[] {
  const before: readonly Step[] = !node.wants ? [] : node.balanced ? PREPARE : ['checkDependencies', 'apply'];
  if (options.leaveDrained) return before;
  // Held nodes stay drained: they have no service to wait for or to soak.
  const service: readonly Step[] = node.staysHeld ? [] : ['waitInService', 'soak'];
  return [
    ...before,
    'waitReady',
    ...(node.balanced ? (['restore', ...service] as const) : (['soak'] as const)),
    'recheck',
  ];
}

/** The steps of a rollback. The previous version was in service before, so it is not compared. */
export const recoveryOf = ({ balanced, staysHeld }: Pick<NodeState, 'balanced' | 'staysHeld'>): readonly Step[] => [
  'recover',
  'waitReady',
  ...(balanced ? (['restore'] as const) : []),
  ...(balanced && !staysHeld ? (['waitInService'] as const) : []),
];

/** Checks without a number on screen: they concern other nodes or services. */
const UNNUMBERED: ReadonlySet<Step> = new Set(['checkDependencies', 'recheck']);

/**
 * Position of a step among the numbered steps of a route, from 1; undefined for a step without a number.
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

/** The step after `step`; undefined after the last one. */
export const stepAfter = (route: readonly Step[], step: Step): Step | undefined => route[route.indexOf(step) + 1];

/** Steps before the first change of the node itself. */
export const isBeforeApply = (step: Step | undefined): boolean =>
  step === 'checkDependencies' || step === 'drain' || step === 'waitIdle';
