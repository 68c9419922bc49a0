import { homedir } from 'node:os';

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
