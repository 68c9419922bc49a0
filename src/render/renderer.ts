import type { NumberedEvent } from '../core/event/event.ts';

/** Draws a run for somebody. Gets every event in order; must not throw from `event` and must not touch the run. */
export interface Renderer {
  event(event: NumberedEvent): void;
  /** Leaves the terminal to somebody else until what it gives is called; what happens meanwhile is drawn then. */
  readonly hold?: () => Promise<() => void>;
  /** Settles when a slow reader has caught up; nothing where it has. For events that can wait: the output of commands. */
  readonly ready?: () => Promise<void> | undefined;
  /** Draws what is left and waits until it has been written. */
  close(): Promise<void>;
}

/** What is drawn beyond the necessary. */
export interface Detail {
  /** Tasks that are ok, too, and what the hosts are doing meanwhile. */
  readonly verbose: boolean;
  /** Texts before and after, field by field. */
  readonly diff: boolean;
}
