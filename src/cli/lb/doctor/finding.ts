import type { ErrorInfo } from '../../../core/event/event.ts';

/** Something that an earlier run, a person or another tool left. */
export interface Finding {
  readonly kind: 'lease' | 'lost-drain' | 'soak' | 'external-drain' | 'stray-lease' | 'lock' | 'leftover';
  /** Where it is: for leases and drains the balancer's host. */
  readonly host: string;
  readonly node: string | null;
  readonly pool: string | null;
  /** Path or container of a leftover, run of a lock. */
  readonly item: string | null;
  readonly what: string;
  /** ISO time; `null`: not known. */
  readonly since: string | null;
  readonly by: string | null;
  /** `--fix` repairs it. */
  readonly fixable: boolean;
  /** What a person does about it. */
  readonly next: string;
}

/** Something that is as it should be. */
export type Note = Omit<Finding, 'fixable' | 'next'>;

/** `lb doctor -o json`, as docs/operations.md describes it. */
export interface DoctorReport {
  readonly cluster: string;
  /** ISO time by the controller's clock. */
  readonly at: string;
  readonly findings: readonly Finding[];
  /** Held by a person or used by a run that is alive: as it should be. */
  readonly notes: readonly Note[];
  /** Findings that this run repaired; with `--fix` only. */
  readonly fixed?: readonly Finding[];
  readonly errors: readonly ErrorInfo[];
}

/** What a finding about a host alone does not say. */
export const OF_HOST = { node: null, pool: null, item: null, since: null, by: null } as const;

/** ISO time of what may be no time. */
export const timeOf = (ms: number): string | null =>
  Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : null;

/** The same finding, however it is described. */
export const keyOfFinding = ({ kind, host, node, pool, item }: Finding): string =>
  JSON.stringify([kind === 'lost-drain' ? 'lease' : kind, host, node, pool, item]);
