import type { Ownership } from './connection.ts';

/** Of own files and directories on a host that may hold secrets, such as the environment of a container. */
export const ROOT_FILE: Ownership = { mode: '0600', owner: 'root', group: 'root' };
export const ROOT_DIRECTORY: Ownership = { mode: '0700', owner: 'root', group: 'root' };
