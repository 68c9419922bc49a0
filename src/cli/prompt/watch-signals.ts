const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals to this process during a question. */
export interface WatchedSignals extends Disposable {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
}

/**
 * Ends a question properly on a signal or at the end of the process: `restore` resets the terminal. A signal without
 * other listeners then has its usual effect.
 */
export function watchSignals(restore: () => void): WatchedSignals {
  const ended = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    caught ??= name;
    ended.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  process.once('exit', restore);
  return {
    signal: ended.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
      process.off('exit', restore);
      if (caught !== undefined && process.listenerCount(caught) === 0) process.kill(process.pid, caught);
    },
  };
}
