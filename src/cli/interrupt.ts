import { OrchError } from '../core/base/errors.ts';

export interface Interrupt {
  readonly signal: AbortSignal;
  readonly urgent: AbortSignal;
  /** Stops like the first Ctrl-C, for another reason. */
  finish(reason: OrchError): void;
  /** Stops like the second Ctrl-C, for another reason. */
  stop(reason: OrchError): void;
  dispose(): void;
}

/**
 * First Ctrl-C, SIGTERM or SIGHUP (the terminal was closed): starts nothing new, and a drained node continues to a safe
 * point. Second: aborts that too. Third: ends at once. Without a `safePoint` the second ends the process.
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
  // Kernel and shell both send SIGHUP when a terminal closes: the second one does not count as a second Ctrl-C.
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
