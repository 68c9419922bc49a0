import type { OrchError } from '../../core/base/errors.ts';

export interface HostResult {
  readonly status: 'ok' | 'failed' | 'unreachable' | 'skipped';
  readonly value: unknown;
  /** Something was written, or a write was begun. */
  readonly touched: boolean;
  readonly error: OrchError | undefined;
}
