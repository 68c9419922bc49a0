import type { Outcome } from './event.ts';

/** Exit codes of a run; the full list is in docs/exit-codes.md. */
export const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  ok: 0,
  failed: 1,
  refused: 2,
  partial: 3,
  rolledBack: 4,
  locked: 5,
  interrupted: 6,
  // An uncaught error: EX_SOFTWARE of sysexits.h.
  internal: 70,
};
