import { join } from 'node:path';
import { type Lab, upLab } from '../lab.ts';
import { paths } from '../paths.ts';

/** Two control planes and three gateways behind one HAProxy, for one test file: the lab for manual use is another. */
export const testLab = (): Promise<Lab> =>
  upLab({
    directory: join(paths.cache, 'test-lab'),
    owned: true,
    note: (line) => process.stderr.write(`lab: ${line}\n`),
  });
