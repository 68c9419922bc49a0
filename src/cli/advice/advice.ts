import type { Path } from '../../inventory/problem.ts';

/** One recommendation for a valid inventory. */
export interface Advice {
  /** Possible positions: the first one in the file counts, else the first one. */
  readonly places: readonly [Path, ...Path[]];
  readonly message: string;
  readonly hint: string;
}

/** Positions of a setting of a gateway group: at the group, or shared by all groups. */
export const groupPlaces = (name: string, ...rest: Path): Advice['places'] => [
  ['gateway_groups', name, ...rest],
  ['api7', 'gateway', ...rest],
];
