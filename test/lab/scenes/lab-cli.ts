import { join } from 'node:path';
import { type Ended, runNode } from '../../support/base/run-node.ts';

/** Runs `npm run lab -- …` on the lab of a directory. @example await labCli('.lab', 'ssh', 'gw-1', 'id -nG') */
export const labCli = (directory: string, ...args: readonly string[]): Promise<Ended> =>
  runNode([join(import.meta.dirname, '../main.ts'), ...args, '--directory', directory]);
