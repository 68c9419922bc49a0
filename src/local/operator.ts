import { hostname } from 'node:os';
import { userName } from './user-name.ts';

/**
 * The operator, for leases and records. A uid without a name is printed as its number.
 *
 * @example operatorName() // 'ops@desk'
 */
export const operatorName = (): string => `${userName() ?? `uid-${process.getuid?.() ?? 'unknown'}`}@${hostname()}`;
