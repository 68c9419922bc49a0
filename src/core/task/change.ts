import type { Difference } from './diff.ts';

/** The change that a write makes. `null`: the object does not exist. */
export interface Change<S> {
  readonly before: S | null;
  readonly after: S | null;
  readonly differences: readonly Difference[];
}

/** What a write can report while it works. */
export interface Report {
  /** A warning: nothing failed, but the user should know it. */
  warn(message: string): void;
  /** Progress in a few words: `120 of 400 MB`. */
  progress(text: string): void;
  /**
   * Await this right before stopping a serving program: it checks again that the stop is allowed. Do nothing that takes
   * time between it and the stop.
   *
   * @throws OrchError when the stop is not allowed; nothing has been stopped then
   */
  aboutToStop(): Promise<void>;
}

/** Before and after as text, for printing only. */
export interface Patch {
  readonly before: string;
  readonly after: string;
}
