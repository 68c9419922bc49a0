import type { OrchError } from '../../core/base/errors.ts';

export interface HostResult {
  readonly status: 'ok' | 'failed' | 'unreachable' | 'skipped';
  readonly value: unknown;
  /** Something was written, or a write was begun. */
  readonly touched: boolean;
  readonly error: OrchError | undefined;
}

/** Its program went wrong on the host itself, and not only because others did. */
export const wentWrong = ({ status }: Pick<HostResult, 'status'>): boolean =>
  status === 'failed' || status === 'unreachable';
