import { type Case, playReal } from './case.ts';

/**
 * Plays all cases and reports the first that fails, so that it can be played alone. `allHappen`: a fault that never strikes is a
 * failure, too, since its case shows nothing.
 */
export async function playAll(cases: readonly Case[], { allHappen = false } = {}): Promise<number> {
  for (const one of cases) {
    try {
      const lives = await playReal(one);
      if (allHappen && lives.every(({ happened }) => happened.length === 0)) throw new Error('its fault never strikes');
    } catch (error) {
      throw new Error(`${JSON.stringify(one)}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
  console.log(`${cases.length} cases`);
  return cases.length;
}
