import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * A path of the inventory on the controller: `~/` is the home directory, what is relative is relative to the inventory's own.
 *
 * @example localPath('/etc/api7', 'tokens/gateway') // '/etc/api7/tokens/gateway'
 */
export const localPath = (dir: string, path: string): string =>
  path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : resolve(dir, path);
