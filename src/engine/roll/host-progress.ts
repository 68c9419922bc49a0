import type { Result } from '../../rolling/types.ts';

/**
 * The program's side of one host in a rolling change: how far it has come, and where it waits. The machine has the
 * node's side.
 */
export class HostProgress {
  /** Resolves when nothing more will happen to the node. */
  readonly over = Promise.withResolvers<void>();
  /** Resolves when the program waits for the drain or has ended: whether it has not failed so far. */
  readonly passed = Promise.withResolvers<boolean>();
  /** The program concerns a service. If not, a later play handles a drain that an earlier run left. */
  serves = true;
  /** The gates that it has passed since the change: they need not be waited for again before the restore. */
  met: ReadonlySet<string> | undefined;
  /** The program was never started, because another host failed. */
  isLeftOut = false;
  /** The program has asked for the drain, or for its restore: it may not ask again. */
  isTaken = false;
  /** Reports the end of the step `apply`; set while the program makes its changes. */
  #endApply: ((result: Result) => void) | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  get isApplying(): boolean {
    return this.#endApply !== undefined;
  }

  /** Waits until the node is drained. @throws the error given to `stop` */
  wait(): Promise<void> {
    this.#waiting = Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** The node is drained: lets the program change it. */
  go(endApply: (result: Result) => void): void {
    this.#endApply = endApply;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** The node will not be drained: ends the wait with this error. */
  stop(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  /** The program has made its changes, or failed in them. */
  applied(result: Result): void {
    this.#endApply?.(result);
    this.#endApply = undefined;
  }
}
