import type { CheckTiming } from '../core/host/balancer.ts';

/** Health checks that the inventory declares for a pool. */
export interface DeclaredChecks {
  readonly everyMs: number;
  readonly fall: number;
  readonly rise: number;
}

/** The timing of a balancer whose checks cannot be read: as the inventory declares them, otherwise usual values. */
export const declaredTiming = (check: DeclaredChecks | undefined): CheckTiming =>
  check === undefined
    ? { everyMs: 2000, fall: 3, rise: 2, slowstartMs: 0, source: 'assumed', from: 'no check is declared' }
    : { ...check, slowstartMs: 0, source: 'declared', from: 'the inventory' };
