import type { NumberedEvent } from '../core/event/event.ts';

/** Prints a run. Gets every event in order; `event` must not throw and must not affect the run. */
export interface Renderer {
  event(event: NumberedEvent): void;
  /** Pauses the output for a prompt until the returned function is called; later events are printed then. */
  readonly hold?: () => Promise<() => void>;
  /**
   * Settles when a slow reader has caught up; undefined if it has. For events that can wait: the output of commands.
   */
  readonly ready?: () => Promise<void> | undefined;
  /** Prints the rest and waits until it is written. */
  close(): Promise<void>;
}

/** How much detail is printed. */
export interface Detail {
  /** Also unchanged tasks, and current activities of the hosts. */
  readonly verbose: boolean;
  /** Texts before and after, field by field. */
  readonly diff: boolean;
}
