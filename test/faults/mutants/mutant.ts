import { defined } from '../../../src/core/base/data.ts';

/** A possible mistake in the source that a test must notice. */
export interface Mutant {
  readonly file: string;
  /** Must be in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The effect of the mistake. */
  readonly why: string;
  /** The tests that must notice: the machine's matrix, its table with the real engine, or these test files. */
  readonly by: 'matrix' | 'engine' | readonly string[];
  /** Text in the JSON of the cases that a table plays first: those that notice. Without it they may come after seconds of others. */
  readonly first?: string;
}

/** Makes the mutants of the files in a folder. @example const rolling = mutantsIn('src/rolling', 'matrix') */
export const mutantsIn =
  (folder: string, usual: Mutant['by']) =>
  (file: string, why: string, find: string, replace: string, by = usual, first?: string): Mutant => ({
    file: `${folder}/${file}`,
    find,
    replace,
    why,
    by,
    ...defined({ first }),
  });

/** Names the cases with this fault. */
export const under = (step: string, kind: string): string => `"step":"${step}","kind":"${kind}"`;
