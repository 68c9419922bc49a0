import type { OrchError } from '../../core/base/errors.ts';

export interface HostResult {
  readonly status: 'ok' | 'failed' | 'unreachable' | 'skipped';
  readonly value: unknown;
  /** A write was made, or begun. */
  readonly touched: boolean;
  /** A change that can interrupt traffic was made, or begun. */
  readonly disturbed: boolean;
  readonly error: OrchError | undefined;
}

/** How a program ended, as far as its node is concerned. */
export type HostEnd = Pick<HostResult, 'status' | 'error' | 'disturbed'>;

/** Whether the program failed on the host itself, and not only because another one failed. */
export const wentWrong = ({ status }: Pick<HostResult, 'status'>): boolean =>
  status === 'failed' || status === 'unreachable';
