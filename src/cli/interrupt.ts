import { OrchError } from '../core/errors.ts';

/** First Ctrl-C or SIGTERM: end after the tasks that are running. Second: at once. */
export function interruptSignal(stderr: NodeJS.WriteStream): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(6);
    stderr.write('\ninterrupted: finishing the tasks that are running; once more to stop at once\n');
    controller.abort(new OrchError('INTERRUPTED', 'interrupted', { hint: 'run the same command again to go on' }));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    },
  };
}
