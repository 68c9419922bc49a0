import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory of the controller with its parents, for its user alone. Node's own recursive mkdir tries for ever where
 * nothing can be made below a directory that exists, as in /proc.
 *
 * @throws Error of the file system
 * @example makeDirectories('/home/ops/.cache/api7-orch')
 */
export function makeDirectories(path: string): void {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeDirectories(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // It was there, or another run has just made it.
    if (!existsSync(path)) throw error;
  }
}
