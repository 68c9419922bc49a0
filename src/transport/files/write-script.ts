import type { Source } from '../shell/feed.ts';

/** Runs a script with its input to its end; returns its stderr. */
export type WriteScript = (request: {
  readonly script: string;
  readonly stdin?: Source;
  readonly onProgress?: (bytes: number) => void;
  readonly timeoutMs?: number;
  readonly idleMs?: number;
}) => Promise<{ readonly code: number | null; readonly stderr: string }>;
