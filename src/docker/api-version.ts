/** An Engine's API versions: the newest and the oldest that it supports. */
export interface VersionRange {
  readonly newest: string;
  readonly oldest: string;
}

/** The version used if the Engine supports it: Engine 29 accepts nothing older. */
const PREFERRED = '1.44';

/** Order of two API versions: negative when `a` is older. `1.9` is older than `1.41`. */
export function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

/**
 * The API version for an Engine: the preferred one, or the nearest that it supports. Newer Engines then keep the form
 * of replies that api7-orch expects.
 *
 * @example agreeOnVersion({ newest: '1.41', oldest: '1.12' }) // '1.41'
 */
export function agreeOnVersion({ newest, oldest }: VersionRange): string {
  if (compareVersions(newest, PREFERRED) < 0) return newest;
  return compareVersions(oldest, PREFERRED) > 0 ? oldest : PREFERRED;
}

/** The oldest version that an Engine accepts, from its refusal of an older one. */
export const oldestIn = (refusal: string): string | undefined =>
  /minimum supported API version is (\d+\.\d+)/i.exec(refusal)?.[1];
