import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a directory of the controller with its parents, with access for its user alone. Node's own recursive mkdir
 * never ends if nothing can be created below an existing directory, as in /proc.
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
    // It exists, or another run has just created it.
    if (!existsSync(path)) throw error;
  }
}
