const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Signals to this process while a question is open. */
export interface WatchedSignals extends Disposable {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal;
}

/**
 * Lets a signal, or the end of the process, end a question in order: `restore` gives the terminal back. A signal that nobody
 * else listens to takes its usual effect afterwards.
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
