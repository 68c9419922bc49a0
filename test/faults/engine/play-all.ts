import { type Case, playReal } from './case.ts';

/** Plays them all and tells the first that goes wrong, so that it can be played alone. */
export async function playAll(cases: readonly Case[]): Promise<number> {
  for (const one of cases) {
    try {
      await playReal(one);
    } catch (error) {
      throw new Error(`${JSON.stringify(one)}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  console.log(`${cases.length} cases`);
  return cases.length;
}
