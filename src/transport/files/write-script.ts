import type { Source } from '../shell/feed.ts';

/** A script with its input, run to its end; what it printed on stderr. */
export type WriteScript = (request: {
  readonly script: string;
  readonly stdin?: Source;
  readonly onProgress?: (bytes: number) => void;
  readonly timeoutMs?: number;
  readonly idleMs?: number;
}) => Promise<{ readonly code: number | null; readonly stderr: string }>;
