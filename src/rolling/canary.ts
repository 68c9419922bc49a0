import { nodeOf, type State } from './state.ts';

/**
 * Whether the node's change is still unproved: fewer nodes than `canary`, at least one, were changed and have passed
 * their soak. A node that failed, is not soaked or is rolled back does not count.
 */
export function isCanary(state: State, id: string): boolean {
  const node = nodeOf(state, id);
  if (node === undefined || node.outcome !== undefined || node.recovering || !node.route.includes('soak')) return false;
  const proved = state.nodes.filter(({ id: other, changed, outcome }) => other !== id && changed && outcome === 'done');
  return proved.length < Math.max(1, state.options.canary);
}
