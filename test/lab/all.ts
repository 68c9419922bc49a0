/**
 * Whether a run shows everything (API7_ORCH_ALL=1), also the cases that `npm test` leaves out: `test.runIf(all)`. A file
 * whose cases are all left out brings up no lab.
 */
export const all = process.env.API7_ORCH_ALL === '1';
