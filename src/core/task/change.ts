import type { Difference } from './diff.ts';

/** What a write changes. `null`: it does not exist. */
export interface Change<S> {
  readonly before: S | null;
  readonly after: S | null;
  readonly differences: readonly Difference[];
}

/** What a write may say while it works. */
export interface Report {
  /** Nothing failed, but the user should know. */
  warn(message: string): void;
  /** How far it is, a few words: `120 of 400 MB`. */
  progress(text: string): void;
  /**
   * To be awaited right before something that serves is stopped: a last look whether it may be. Nothing that takes time
   * may come between.
   *
   * @throws OrchError and then nothing has been stopped, and nothing may be
   */
  aboutToStop(): Promise<void>;
}

/** Before and after as text, for the eyes only. */
export interface Patch {
  readonly before: string;
  readonly after: string;
}
