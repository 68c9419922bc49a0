import type { ClientChannel } from 'ssh2';
import type { OrchError } from '../../../core/base/errors.ts';
import { latchedEvents } from '../../shell/latched-events.ts';
import type { ShellProcess } from '../../shell/shell-process.ts';

/**
 * A session channel as a process. `closeListeners` are called when the connection is lost: a channel alone does not
 * always notice.
 */
export function channelProcess(
  channel: ClientChannel,
  gone: () => OrchError | undefined,
  closeListeners: Set<(error: OrchError) => void>,
): ShellProcess {
  const events = latchedEvents();
  closeListeners.add(events.lost);
  channel.on('error', () => {});
  channel.on('exit', (code: number | null, signal?: string) => events.exit({ code, signal: signal ?? null }));
  channel.on('close', () => {
    // If the connection is lost, its channels close a moment before it does.
    setImmediate(() => {
      if (gone() !== undefined) return;
      closeListeners.delete(events.lost);
      events.close();
    });
  });
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    watch: events.watch,
    abandon: () => channel.close(),
  };
}
