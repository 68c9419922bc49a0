import { OrchError } from '../../core/base/errors.ts';
import type { HostLock, LockSession, LockView } from '../../core/host/lock.ts';
import { shellFault } from '../read/shell-errors.ts';
import { LOCKED } from '../shell/write-functions.ts';
import type { LockPaths } from './fence.ts';
import {
  beatScript,
  endSessionsScript,
  NO_FLOCK,
  quietScript,
  releaseScript,
  settleScript,
  swapRecordScript,
  takeScript,
  viewScript,
} from './lock-script.ts';
import { parseView } from './parse-view.ts';

/** Runs a script on the host to its end. */
export type RunLockScript = (script: string) => Promise<{
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}>;

export interface LockMeans {
  readonly run: RunLockScript;
  /** Uses its own shell, so that no beat waits behind a long read. */
  readonly beats: RunLockScript;
  readonly paths: LockPaths;
  /** Adds the host to each failure. */
  here<T>(work: Promise<T>): Promise<T>;
}

/** The lock of a host, as scripts. */
export function hostLock({ run, beats, paths, here }: LockMeans): HostLock {
  const output = async (send: RunLockScript, script: string): Promise<string> => {
    const { code, stdout, stderr } = await send(script);
    if (code === 0) return stdout.toString();
    if (code === NO_FLOCK) throw flockMissing();
    if (code === LOCKED) throw lockHeld(paths.run);
    throw shellFault('changing the lock of the host', code, stderr.toString());
  };
  const view = (script: string, send = run): Promise<LockView> => here(output(send, script).then(parseView));
  return {
    view: () => view(viewScript(paths)),
    take: (owner, from) => view(takeScript(paths, owner, from)),
    swap: (from, to) => view(swapRecordScript(paths, from, to)),
    beat: (token, count) => view(beatScript(paths, token, count), beats),
    settle: (token) => view(settleScript(paths, token)),
    release: (token) => view(releaseScript(paths, token)),
    endSessions: (sessions) => here(output(run, endSessionsScript(paths, sessions)).then(sessionsIn)),
    isQuiet: () => here(output(run, quietScript(paths)).then((text) => text.trim() === 'quiet')),
  };
}

const sessionsIn = (text: string): readonly LockSession[] =>
  [...text.matchAll(/^(\d+) (\d+)$/gm)].map(([, pid, start]) => ({ pid: Number(pid), start: Number(start) }));

const flockMissing = (): OrchError =>
  new OrchError('FLOCK_MISSING', 'the host has no flock, which keeps two runs from changing it at the same time', {
    hint: 'install util-linux on the host (apt-get install util-linux, dnf install util-linux, apk add flock)',
  });

const lockHeld = (path: string): OrchError =>
  new OrchError('WRITE_CONFLICT', `another program holds ${path} on the host`, {
    hint: `see on that host who holds it (fuser -v ${path}), then run again`,
    retryable: true,
  });
