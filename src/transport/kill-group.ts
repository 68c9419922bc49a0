import { startShell } from './shell.ts';
import type { Exit, Launch, Rights } from './shell-process.ts';

/** The killer must not hold the controller up when the host no longer answers. */
const LIMIT_MS = 10_000;

/**
 * Sends a signal to a process group on the host, on a channel of its own. Best effort: whoever waits for the group has
 * a limit of its own.
 */
export async function killGroup(launch: Launch, rights: Rights, group: number, signal: 'TERM' | 'KILL'): Promise<void> {
  await brief(launch, rights, `kill -s ${signal} -- -${group}`);
}

/** Whether any process of a group is still there; undefined: the host did not answer in time. */
export async function groupLives(launch: Launch, rights: Rights, group: number): Promise<boolean | undefined> {
  // busybox takes the dashes for a process and fails; others need them.
  const script = `kill -s 0 -- -${group} 2>/dev/null || kill -s 0 -${group} 2>/dev/null`;
  const exit = await brief(launch, rights, script);
  return exit && exit.code === 0;
}

async function brief(launch: Launch, rights: Rights, script: string): Promise<Exit | undefined> {
  const done = Promise.withResolvers<Exit | undefined>();
  const timer = setTimeout(() => done.resolve(undefined), LIMIT_MS);
  try {
    const shell = await startShell(launch, rights, script, {
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
