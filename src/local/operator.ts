import { hostname } from 'node:os';
import { userName } from './user-name.ts';

/**
 * Who runs this, for leases and records. A uid without a name is shown by its number.
 *
 * @example operatorName() // 'ops@desk'
 */
export const operatorName = (): string => `${userName() ?? `uid-${process.getuid?.() ?? 'unknown'}`}@${hostname()}`;
