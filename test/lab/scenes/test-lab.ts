import { join } from 'node:path';
import { type Lab, type LabOptions, upLab } from '../lab.ts';
import { paths } from '../paths.ts';

/** A lab of one test file, in a directory of the cache: the lab for manual use is another. */
export const ownLab = (directory: string, options: Pick<LabOptions, 'size' | 'balancer'> = {}): Promise<Lab> =>
  upLab({
    ...options,
    directory: join(paths.cache, directory),
    owned: true,
    note: (line) => process.stderr.write(`lab: ${line}\n`),
  });

/** Two control planes and three gateways behind one HAProxy. */
export const testLab = (): Promise<Lab> => ownLab('test-lab');
