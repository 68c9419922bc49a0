import type { Facts } from '../../core/host/connection.ts';

/** `notShown`: it could not be asked, for a reason outside of the checked object, or one that another line shows. */
export type CheckOutcome = 'ok' | 'warning' | 'failed' | 'notShown';

/** One check and its result. */
export interface CheckResult {
  readonly check: string;
  readonly result: CheckOutcome;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  /** Several lines. */
  readonly details?: string;
}

/** All checks of a host, or of the inventory itself. */
export interface CheckedHost {
  readonly host: string;
  readonly facts?: Pick<Facts, 'os' | 'kernel' | 'arch' | 'clockSkewMs'>;
  readonly checks: readonly CheckResult[];
}

/** `check -o json`, as docs/check.md describes it: later versions add fields and never remove one. */
export interface CheckReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly hosts: readonly CheckedHost[];
}

/** The number of results of one kind. */
export const countOf = (hosts: readonly CheckedHost[], result: CheckOutcome): number =>
  hosts.reduce((sum, { checks }) => sum + checks.filter((each) => each.result === result).length, 0);
