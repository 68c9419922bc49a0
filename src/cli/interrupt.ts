import { OrchError } from '../core/base/errors.ts';

export interface Interrupt {
  readonly signal: AbortSignal;
  readonly urgent: AbortSignal;
  /** Stops as the first Ctrl-C does, for another reason. */
  finish(reason: OrchError): void;
  /** Stops as the second Ctrl-C does, for another reason. */
  stop(reason: OrchError): void;
  dispose(): void;
}

/**
 * First Ctrl-C, SIGTERM or SIGHUP (the terminal is gone): nothing new is begun, and a node that is out of traffic goes on to a safe point. Second: that is
 * broken off, too. Third: at once. Without a `safePoint` to go to the second ends the process.
 */
export function interruptSignal(stderr: NodeJS.WriteStream, { safePoint = true } = {}): Interrupt {
  const controller = new AbortController();
  const urgent = new AbortController();
  const onSignal = (): void => {
    const reason = new OrchError('INTERRUPTED', 'interrupted', { hint: 'run the same command to resume' });
    if (urgent.signal.aborted || (controller.signal.aborted && !safePoint)) process.exit(6);
    if (controller.signal.aborted) {
      stderr.write('\nStopping after the current command; nodes may stay drained.\n');
      urgent.abort(reason);
      return;
    }
    const next = safePoint
      ? 'finishing the current node. Press Ctrl-C again to stop sooner.'
      : 'press Ctrl-C again to stop at once.';
    stderr.write(`\nInterrupted: ${next}\n`);
    controller.abort(reason);
  };
  // The kernel and the shell both send one when a terminal goes: two of them do not mean "sooner".
  const onHangup = (): void => {
    if (!controller.signal.aborted) onSignal();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onHangup);
  return {
    signal: controller.signal,
    urgent: urgent.signal,
    finish: (reason) => controller.abort(reason),
    stop(reason) {
      controller.abort(reason);
      urgent.abort(reason);
    },
    dispose: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onHangup);
    },
  };
}
