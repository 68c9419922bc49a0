import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The home directory of the user who runs this. Without HOME, a uid that has no name has none either: then a path at which nothing
 * is, so that a file that is looked for there is missing, like any other.
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
 * A path in which `~` or `~/` at the beginning is the home directory.
 *
 * @example fromHome('~/.ssh/config') // '/home/ops/.ssh/config'
 */
export const fromHome = (path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homeDirectory(), path.slice(1)) : path;
