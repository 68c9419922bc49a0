import type { ErrorInfo } from '../../../core/event/event.ts';

/** A leftover of an earlier run, an operator or another tool. */
export interface Finding {
  readonly kind: 'lease' | 'lost-drain' | 'soak' | 'external-drain' | 'stray-lease' | 'lock' | 'leftover';
  /** The host concerned: for leases and drains the balancer's host. */
  readonly host: string;
  readonly node: string | null;
  readonly pool: string | null;
  /** Path or container of a leftover, run of a lock. */
  readonly item: string | null;
  readonly what: string;
  /** ISO time; `null`: unknown. */
  readonly since: string | null;
  readonly by: string | null;
  /** Whether `--fix` repairs it. */
  readonly fixable: boolean;
  /** What the operator can do. */
  readonly next: string;
}

/** A state that needs no repair. */
export type Note = Omit<Finding, 'fixable' | 'next'>;

/** `lb doctor -o json`, as docs/operations.md describes it. */
export interface DoctorReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly findings: readonly Finding[];
  /** In order: held by an operator, or in use by a live run. */
  readonly notes: readonly Note[];
  /** Findings that this run repaired; with `--fix` only. */
  readonly fixed?: readonly Finding[];
  readonly errors: readonly ErrorInfo[];
}

/** Fields that do not apply to a finding about a host. */
export const OF_HOST = { node: null, pool: null, item: null, since: null, by: null } as const;

/** ISO time of a number that may be invalid. */
export const timeOf = (ms: number): string | null =>
  Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;

/** Identifies a finding, independent of its texts. */
export const keyOfFinding = ({ kind, host, node, pool, item }: Finding): string =>
  JSON.stringify([kind === 'lost-drain' ? 'lease' : kind, host, node, pool, item]);
