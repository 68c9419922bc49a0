import type { Exit, ProcessEvents } from './shell-process.ts';

/**
 * Keeps what a process told before anybody watched it: a shell that is refused may answer, exit and close within one
 * network packet, before the promise of its start has settled.
 */
export function latchedEvents(): ProcessEvents & { watch(events: ProcessEvents): void } {
  let watcher: ProcessEvents | undefined;
  let exit: Exit | undefined;
  let closed = false;
  let lost: Error | undefined;
  return {
    exit(how) {
      exit = how;
      watcher?.exit(how);
    },
    close() {
      closed = true;
      watcher?.close();
    },
    lost(error) {
      lost = error;
      watcher?.lost(error);
    },
    watch(events) {
      watcher = events;
      if (exit !== undefined) events.exit(exit);
      if (lost !== undefined) events.lost(lost);
      else if (closed) events.close();
    },
  };
}
