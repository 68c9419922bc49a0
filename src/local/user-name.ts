import { userInfo } from 'node:os';

/**
 * The name of the user who runs api7-orch; undefined for a uid without a name, as in some containers.
 *
 * @example userName() // 'ops'
 */
export function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
