import { OrchError } from '../../core/base/errors.ts';
import { startShell } from './shell.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';

/** The killer must not hold the controller up when the host no longer answers. */
const LIMIT_MS = 10_000;

/**
 * Sends a signal to a process group on the host, on a session of its own: over a further connection where sshd grants
 * none, for the one that is held may be that of the group.
 *
 * @returns whether the group was sent it, or is gone; false also where the host does not say so within `limitMs`
 */
export async function killGroup(
  launch: Launch,
  rights: Rights,
  group: number,
  signal: 'TERM' | 'KILL',
  limitMs: number = LIMIT_MS,
): Promise<boolean> {
  const done = brief(launch, rights, killScript(group, signal)).then(
    (exit) => exit?.code === 0,
    () => false,
  );
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  return await Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
}

/** Whether any process of a group is still there; undefined: the host did not answer in time. */
export async function groupLives(launch: Launch, rights: Rights, group: number): Promise<boolean | undefined> {
  // busybox takes the dashes for a process and fails; others need them.
  const script = `kill -s 0 -- -${group} 2>/dev/null || kill -s 0 -${group} 2>/dev/null`;
  const exit = await brief(launch, rights, script);
  return exit && exit.code === 0;
}

/**
 * The error of something that was to be ended and could not be killed: what to do about that comes first.
 *
 * @param killed what it would have been otherwise
 */
export function unkilled(killed: OrchError, says: string, group: number | undefined): OrchError {
  const { code, details, retryable, cause } = killed;
  const end = group === undefined ? 'look for it there (ps -ef)' : `end it there: kill -s KILL -- -${group}`;
  return new OrchError(code, `${says}; its process group could not be killed`, {
    hint: `it may still run on the host: ${end}; for a kill, sshd must grant one more session or connection`,
    details,
    retryable,
    cause,
  });
}

/** Says nothing wrong of a group that has gone already; only the right to kill it may be missing. */
const killScript = (group: number, signal: string): string =>
  [
    'export LC_ALL=C',
    `said=$(kill -s ${signal} -- -${group} 2>&1) && exit 0`,
    // busybox takes the dashes for a process and fails.
    `said=$(kill -s ${signal} -${group} 2>&1) && exit 0`,
    'case "$said" in *ermitted*) exit 1;; esac',
  ].join('\n');

/** Waits for no room: what is asked about may be what holds all of it. */
async function brief(launch: Launch, rights: Rights, script: string): Promise<Exit | undefined> {
  const urgent: Launch = (line) => launch(line, { urgent: true });
  const done = Promise.withResolvers<Exit | undefined>();
  const timer = setTimeout(() => done.resolve(undefined), LIMIT_MS);
  try {
    const shell = await startShell(urgent, rights, script, {
      stdout: () => {},
      stderr: () => {},
      exit: done.resolve,
      close: () => done.resolve(undefined),
      lost: () => done.resolve(undefined),
    });
    shell.stdin.end();
    const exit = await done.promise;
    shell.abandon();
    return exit;
  } finally {
    clearTimeout(timer);
  }
}
