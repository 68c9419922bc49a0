import { lockBreak } from '../lock/break.ts';
import type { CliEnvironment, SessionFlags } from '../session.ts';

export interface StopFlags extends SessionFlags {
  readonly reason: string;
  readonly wait: string;
}

/** `api7-orch runs stop`: `lock break` for the hosts of one run. @returns 0; 3 when a host did not respond; 5; 6 */
export const runsStop = (run: string, flags: StopFlags, environment: CliEnvironment = {}): Promise<number> =>
  lockBreak('all', { ...flags, run }, environment);
