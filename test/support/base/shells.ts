import { existsSync } from 'node:fs';

type Argv = readonly [program: string, ...words: string[]];

const KNOWN: readonly Argv[] = [['/bin/dash'], ['/bin/bash'], ['/bin/busybox', 'sh']];

/** The POSIX shells of this machine, with their names, as rows for `describe.each`. */
export const SHELLS = KNOWN.filter(([program]) => existsSync(program)).map((argv) => [argv.join(' '), argv] as const);
