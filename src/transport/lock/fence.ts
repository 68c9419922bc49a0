import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import { FENCED } from '../shell/write-functions.ts';

/** Where the state of the lock is: `run` is gone at a reboot. */
export interface LockPaths {
  readonly run: string;
  readonly state: string;
}

export const LOCK_PATHS: LockPaths = { run: '/run/api7-orch', state: '/var/lib/api7-orch' };

/** The first line of a script that may run only while the lock is of this token. */
export const fenceLine = ({ run }: LockPaths, token: string): string => `fenced ${quote(run)} ${quote(token)}`;

/** A command of the user's behind such a line. It may leave children behind, which do not hold the lock. */
export const fencedCommand = (paths: LockPaths, token: string, script: string, functions: string): string =>
  `${functions}\n${fenceLine(paths, token)}\n( eval ${quote(script)} ) 8<&-`;

/** What a script says that was refused; its exit code alone could be one of a command's own. */
export const wasFenced = (token: string, ended: { readonly code: number | null; readonly stderr: string }): boolean =>
  ended.code === FENCED && ended.stderr.includes(`api7-orch: not the lock of ${token}`);

export const fencedError = (): OrchError =>
  new OrchError('FENCED', 'this run no longer holds the lock of the host: another run has taken it over', {
    hint: 'see with lock show who has it; when that run has ended, run the same command again',
    nothingChanged: true,
  });
