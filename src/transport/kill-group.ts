import { bootLine, bootMessage } from './bootstrap.ts';
import type { Become, Launch } from './shell-process.ts';

/** The killer must not hold the controller up when the host no longer answers. */
const LIMIT_MS = 10_000;

/**
 * Sends a signal to a process group on the host, on a channel of its own. Best effort: whoever waits for the group has
 * a limit of its own.
 */
export async function killGroup(launch: Launch, become: Become, group: number, signal: 'TERM' | 'KILL'): Promise<void> {
  const process = await launch(bootLine(become));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, LIMIT_MS);
    function done(): void {
      clearTimeout(timer);
      process.abandon();
      resolve();
    }
    process.stdout.resume();
    process.stderr.resume();
    process.watch({ exit: done, close: done, lost: done });
    process.stdin.end(bootMessage(`kill -s ${signal} -- -${group}`).bytes);
  });
}
