import { hostname, userInfo } from 'node:os';

/**
 * Who runs this, for leases and records. A container may run it under a uid that has no name: then the number stands for it.
 *
 * @example operatorName() // 'ops@desk'
 */
export function operatorName(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
