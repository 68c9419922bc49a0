import { READ_FUNCTIONS } from './read-functions.ts';
import { WRITE_FUNCTIONS } from './write-functions.ts';

/** What a shell on a host must have been told before it is given any of our scripts. */
export const HOST_FUNCTIONS = ['export LC_ALL=C', ...READ_FUNCTIONS, ...WRITE_FUNCTIONS].join('\n');
