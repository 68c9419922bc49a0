import { userInfo } from 'node:os';

/**
 * The name of the user who runs this; undefined for a uid that has none, as in some containers.
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
