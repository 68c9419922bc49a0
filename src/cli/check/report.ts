import type { Facts } from '../../core/host/connection.ts';

/** `notShown`: it could not be asked, for a reason that is no fault of what is checked, or one that another line shows. */
export type CheckOutcome = 'ok' | 'warning' | 'failed' | 'notShown';

/** One thing that was checked. */
export interface CheckResult {
  readonly check: string;
  readonly result: CheckOutcome;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

/** All that was checked of a host, or of the inventory itself. */
export interface CheckedHost {
  readonly host: string;
  readonly facts?: Pick<Facts, 'os' | 'kernel' | 'arch' | 'clockSkewMs'>;
  readonly checks: readonly CheckResult[];
}

/** `check -o json`, as docs/check.md describes it: fields are added to it, never taken away. */
export interface CheckReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly hosts: readonly CheckedHost[];
}

/** How many results of one kind there are. */
export const countOf = (hosts: readonly CheckedHost[], result: CheckOutcome): number =>
  hosts.reduce((sum, { checks }) => sum + checks.filter((each) => each.result === result).length, 0);
