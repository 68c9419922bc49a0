import { ADOPT_MUTANTS } from './adopt.ts';
import { ENGINE_MUTANTS } from './engine.ts';
import { LB_MUTANTS } from './lb.ts';
import type { Mutant } from './mutant.ts';
import { ROLLING_MUTANTS } from './rolling.ts';

export const MUTANTS: readonly Mutant[] = [...ROLLING_MUTANTS, ...ENGINE_MUTANTS, ...LB_MUTANTS, ...ADOPT_MUTANTS];

/** One run of a table or of test files: with a mutant, or with the source as it is. */
export interface Job {
  readonly by: Mutant['by'];
  readonly mutant?: Mutant;
}

const testFiles = [...new Set(MUTANTS.flatMap(({ by }) => (typeof by === 'string' ? [] : by)))];

/** Without any mutant: everything must pass, otherwise a failure with one shows nothing. */
export const CONTROLS: readonly Job[] = [{ by: 'matrix' }, { by: 'engine' }, { by: testFiles }];

const impossible = (by: Mutant['by'], file: string, find: string, why: string, replace = ''): Job => ({
  by,
  mutant: { file, find, replace, why, by },
});

/** Mutants that cannot be applied: they must fail, and not count as noticed or as unnoticed. */
export const IMPOSSIBLE: readonly Job[] = ['matrix' as const, ['test/rolling/count.test.ts']].flatMap((by) => [
  impossible(by, 'src/cli/main.ts', 'import', `${by} does not load the file`),
  impossible(by, 'src/rolling/count.ts', 'no such text', `${by} loads a file without the text`),
  impossible(by, 'src/rolling/count.ts', 'budget', `${by} loads a file that has the text more than once`),
  impossible(by, 'src/rolling/count.ts', 'export function', `${by} cannot load the file with the mutant`),
  impossible(by, 'src/core/play/count.ts', 'Math.floor(', `${by} runs into a name that is not defined`, 'unknown('),
]);

export const MISTAKES: readonly Job[] = MUTANTS.map((mutant) => ({ by: mutant.by, mutant }));

/** A mutant that changes nothing, after mutants that tests have noticed: their failures must not count for it. */
export const HARMLESS: readonly Job[] = MISTAKES.flatMap(({ by, mutant }) =>
  typeof by === 'string' || mutant === undefined ? [] : { by, mutant: { ...mutant, replace: mutant.find } },
).slice(0, 1);

export const JOBS: readonly Job[] = [...CONTROLS, ...IMPOSSIBLE, ...MISTAKES, ...HARMLESS];

/** The result of a job. `broken`: it shows nothing, because the mutant was not applied, or is no code that can be loaded and run. */
export type Verdict =
  | { readonly kind: 'noticed'; readonly by: string }
  | { readonly kind: 'unnoticed'; readonly passed: number }
  | { readonly kind: 'broken'; readonly why: string };
