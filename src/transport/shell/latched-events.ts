import type { Exit, ProcessEvents } from './shell-process.ts';

/**
 * Keeps early events of a process until a watcher is set. A refused shell may answer, exit and close within one network
 * packet, before the promise of its start settles.
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
