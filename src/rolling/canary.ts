import { nodeOf, type State } from './state.ts';

/**
 * What a node was changed to is not proved yet: fewer nodes than the canaries, at least one, have been changed and come through their
 * soak. A node that is not soaked is none.
 */
export const isCanary = (state: State, id: string): boolean =>
  nodeOf(state, id)?.route.includes('soak') === true &&
  state.nodes.filter((node) => node.id !== id && node.changed && node.outcome === 'done').length <
    Math.max(1, state.options.canary);
