import { spawn } from 'node:child_process';
import { OrchError } from '../../core/base/errors.ts';
import { latchedEvents } from '../shell/latched-events.ts';
import type { ShellProcess } from '../shell/shell-process.ts';

/** A shell on the controller. Detached: it gets its own session and process group, as sshd gives to each command. */
export function launchLocal(line: string, env: NodeJS.ProcessEnv = process.env): ShellProcess {
  const child = spawn('/bin/sh', ['-c', line], { detached: true, stdio: 'pipe', env });
  const events = latchedEvents();
  child.stdin.on('error', () => {});
  child.on('exit', (code, signal) => events.exit({ code, signal }));
  child.on('close', () => events.close());
  child.on('error', (error) =>
    events.lost(new OrchError('COMMAND_FAILED', `no shell could be started: ${error.message}`, { cause: error })),
  );
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    watch: events.watch,
    abandon() {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}
