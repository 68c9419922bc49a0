import { nodeOf, type State } from './state.ts';

/**
 * What a node was changed to is not proved yet: fewer nodes than the canaries, at least one, have been changed and come through their
 * soak. A node that is not soaked is none, nor is one that has failed or goes back.
 */
export function isCanary(state: State, id: string): boolean {
  const node = nodeOf(state, id);
  if (node === undefined || node.outcome !== undefined || node.recovering || !node.route.includes('soak')) return false;
  const proved = state.nodes.filter(({ id: other, changed, outcome }) => other !== id && changed && outcome === 'done');
  return proved.length < Math.max(1, state.options.canary);
}
