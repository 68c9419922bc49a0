import type { ChildProcess } from 'node:child_process';

/**
 * Ends a process that a test has started, and waits until it is gone: its files and ports are free then.
 *
 * @example afterAll(() => endProcess(server));
 */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}
