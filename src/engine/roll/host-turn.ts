import type { Result } from '../../rolling/types.ts';

/**
 * How far the program of one host has come in a rolling change, and where it waits. The machine knows the node; this is the side
 * of the program.
 */
export class HostTurn {
  /** Resolves when nothing more will be done with the node. */
  readonly over = Promise.withResolvers<void>();
  /** Resolves when the program waits for the drain or has ended: whether all went well so far. */
  readonly passed = Promise.withResolvers<boolean>();
  /** The program states something about serving; else a drain that an earlier run left is the affair of a later play. */
  serves = true;
  /** The program was never started, because another host failed. */
  isLeftOut = false;
  /** The program has asked for the drain, or for traffic without one: it may not ask again. */
  isTaken = false;
  /** Reports the end of the step `apply`; there while the program makes its changes. */
  #endApply: ((result: Result) => void) | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;

  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  get isApplying(): boolean {
    return this.#endApply !== undefined;
  }

  /** Until the node is drained. @throws whatever it is stopped with */
  wait(): Promise<void> {
    this.#waiting = Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  /** The node is drained: the program may change it. */
  go(endApply: (result: Result) => void): void {
    this.#endApply = endApply;
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** The node will not be drained. */
  stop(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  /** The program is past its changes, or has failed in them. */
  applied(result: Result): void {
    this.#endApply?.(result);
    this.#endApply = undefined;
  }
}
