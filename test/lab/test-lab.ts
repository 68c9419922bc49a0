import { join } from 'node:path';
import { type Lab, upLab } from './lab.ts';
import { paths } from './paths.ts';

/** The lab of the tests: apart from the one that people play with, shared by all files of one test run. */
export const testLab = (): Promise<Lab> =>
  upLab({
    directory: join(paths.cache, 'test-lab'),
    owned: true,
    note: (line) => process.stderr.write(`lab: ${line}\n`),
  });
