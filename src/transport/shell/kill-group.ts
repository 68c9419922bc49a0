import { OrchError } from '../../core/base/errors.ts';
import { startShell } from './shell.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';

/** Bounds the kill if the host no longer responds. */
const LIMIT_MS = 10_000;

/**
 * Sends a signal to a process group on the host, in its own session. If sshd grants none, over a further connection,
 * because the group itself may hold the last session.
 *
 * @returns whether the group received the signal or is gone; false also without an answer within `limitMs`
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

/** Whether any process of a group still exists; undefined: the host did not answer in time. */
export async function groupLives(launch: Launch, rights: Rights, group: number): Promise<boolean | undefined> {
  // busybox takes the dashes for a process and fails; other implementations need them.
  const script = `kill -s 0 -- -${group} 2>/dev/null || kill -s 0 -${group} 2>/dev/null`;
  const exit = await brief(launch, rights, script);
  return exit && exit.code === 0;
}

/**
 * The error of a command that should have been killed but was not: its hint comes first.
 *
 * @param killed the error after a successful kill
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

/** Ignores a group that has ended already; only a missing permission is an error. */
const killScript = (group: number, signal: string): string =>
  [
    'export LC_ALL=C',
    `said=$(kill -s ${signal} -- -${group} 2>&1) && exit 0`,
    // busybox takes the dashes for a process and fails.
    `said=$(kill -s ${signal} -${group} 2>&1) && exit 0`,
    'case "$said" in *ermitted*) exit 1;; esac',
  ].join('\n');

/** Does not wait for a free session: the group in question may hold all of them. */
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
