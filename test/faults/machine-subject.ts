import { advance, startRoll } from '../../src/rolling/machine.ts';
import { endOf } from '../../src/rolling/report.ts';
import { type Case, play } from './machine-cases.ts';
import type { Machine } from './world-run.ts';

/** The machine as the product has it. */
export const real: Machine = { startRoll, advance, endOf } as Machine;

/** Plays all cases and reports the first that fails, so that it can be played alone. */
export function playAll(cases: readonly Case[]): void {
  for (const one of cases) {
    try {
      play(real, one);
    } catch (error) {
      throw new Error(`${JSON.stringify(one)}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  console.log(`${cases.length} cases`);
}
