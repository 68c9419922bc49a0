import { READ_FUNCTIONS } from './read-functions.ts';
import { WRITE_FUNCTIONS } from './write-functions.ts';

/** Definitions that each shell on a host needs before any script. */
export const HOST_FUNCTIONS = ['export LC_ALL=C', ...READ_FUNCTIONS, ...WRITE_FUNCTIONS].join('\n');
