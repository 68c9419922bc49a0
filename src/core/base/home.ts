import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The home directory of the user who runs api7-orch. A uid without HOME and without a name has none: then the result is
 * a path that does not exist, and each file below it counts as missing.
 *
 * @example join(homeDirectory(), '.ssh', 'config')
 */
export function homeDirectory(): string {
  try {
    return homedir();
  } catch {
    return '/nonexistent';
  }
}

/**
 * The path, with `~` or `~/` at its beginning replaced by the home directory.
 *
 * @example fromHome('~/.ssh/config') // '/home/ops/.ssh/config'
 */
export const fromHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homeDirectory(), path.slice(1)) : path;
