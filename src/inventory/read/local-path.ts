import { resolve } from 'node:path';
import { fromHome } from '../../core/base/home.ts';

/**
 * A path of the inventory on the controller: `~/` is the home directory, what is relative is relative to the inventory's own.
 *
 * @example localPath('/etc/api7', 'tokens/gateway') // '/etc/api7/tokens/gateway'
 */
export const localPath = (dir: string, path: string): string => resolve(dir, fromHome(path));
