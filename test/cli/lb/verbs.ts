import { type DrainFlags, lbDrain } from '../../../src/cli/lb/drain.ts';
import { lbRestore } from '../../../src/cli/lb/restore.ts';
import type { LbScene } from './scene.ts';

/** The servers' states in `LbScene.settings`. */
export const IN = 'admin 0, weight 40';
export const DRAINED = 'admin 8, weight 40';
export const MAINTENANCE = 'admin 1, weight 40';

export const drain = (scene: LbScene, nodes: readonly string[], flags: Partial<DrainFlags> = {}): Promise<number> =>
  lbDrain(
    nodes,
    { inventory: scene.file, forks: '20', output: 'json', reason: 'new disks', wait: true, withoutLb: [], ...flags },
    scene.outside,
  );

export const restore = (
  scene: LbScene,
  nodes: readonly string[],
  flags: { readonly all?: boolean } = {},
): Promise<number> => lbRestore(nodes, { inventory: scene.file, forks: '20', output: 'json', ...flags }, scene.outside);
