import { startShell } from './shell.ts';
import type { Launch, Rights } from './shell-process.ts';

/** The killer must not hold the controller up when the host no longer answers. */
const LIMIT_MS = 10_000;

/**
 * Sends a signal to a process group on the host, on a channel of its own. Best effort: whoever waits for the group has
 * a limit of its own.
 */
export async function killGroup(launch: Launch, rights: Rights, group: number, signal: 'TERM' | 'KILL'): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, LIMIT_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    startShell(launch, rights, `kill -s ${signal} -- -${group}`, {
      stdout: () => {},
      stderr: () => {},
      exit: done,
      close: done,
      lost: done,
    }).then((shell) => shell.stdin.end(), reject);
  });
}
