import { resolve } from 'node:path';
import { fromHome } from '../../core/base/home.ts';

/**
 * A controller path of the inventory: `~/` is the home directory; relative paths start at the inventory's directory.
 *
 * @example localPath('/etc/api7', 'tokens/gateway') // '/etc/api7/tokens/gateway'
 */
export const localPath = (dir: string, path: string): string => resolve(dir, fromHome(path));
