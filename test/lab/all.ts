/**
 * Whether all cases run (API7_ORCH_ALL=1), also those that `npm test` skips: `test.runIf(all)`. A file that skips all its cases
 * starts no lab.
 */
export const all = process.env.API7_ORCH_ALL === '1';
