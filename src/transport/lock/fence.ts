import { quote } from '../../core/base/argv.ts';
import { OrchError } from '../../core/base/errors.ts';
import { FENCED } from '../shell/write-functions.ts';

/** Directories of the lock's state; a reboot clears `run`. */
export interface LockPaths {
  readonly run: string;
  readonly state: string;
}

export const LOCK_PATHS: LockPaths = { run: '/run/api7-orch', state: '/var/lib/api7-orch' };

/** First line of a script that may run only while the lock has this token. */
export const fenceLine = ({ run }: LockPaths, token: string): string => `fenced ${quote(run)} ${quote(token)}`;

/** A user's command behind such a line. Children that it leaves behind do not hold the lock. */
export const fencedCommand = (paths: LockPaths, token: string, script: string, functions: string): string =>
  `${functions}\n${fenceLine(paths, token)}\n( eval ${quote(script)} ) 8<&-`;

/** Whether a script was refused. Checks its output too: a command of its own may use the same exit code. */
export const wasFenced = (token: string, ended: { readonly code: number | null; readonly stderr: string }): boolean =>
  ended.code === FENCED && ended.stderr.includes(`api7-orch: not the lock of ${token}`);

export const fencedError = (): OrchError =>
  new OrchError('FENCED', 'this run no longer holds the lock of the host: another run has taken it over', {
    hint: 'see with lock show who has it; when that run has ended, run the same command again',
    nothingChanged: true,
  });
