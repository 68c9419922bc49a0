import { ENGINE_MUTANTS } from './mutants-engine.ts';
import { LB_MUTANTS } from './mutants-lb.ts';
import { ROLLING_MUTANTS } from './mutants-rolling.ts';

/** A mistake somebody could make in the source, and that must not go unnoticed. */
export interface Mutant {
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** What the mistake would do. */
  readonly why: string;
  /** Who must notice: the machine's matrix, its table with the real engine, or these test files. */
  readonly by: 'matrix' | 'engine' | readonly string[];
}

export const MUTANTS: readonly Mutant[] = [...ROLLING_MUTANTS, ...ENGINE_MUTANTS, ...LB_MUTANTS];

/** One run of a table or of test files: with a mutant, or with the source as it is. */
export interface Job {
  readonly by: Mutant['by'];
  readonly mutant?: Mutant;
}

const testFiles = [...new Set(MUTANTS.flatMap(({ by }) => (typeof by === 'string' ? [] : by)))];

/** Without any mutant: everything must pass, else nothing that fails with one proves anything. */
export const CONTROLS: readonly Job[] = [{ by: 'matrix' }, { by: 'engine' }, { by: testFiles }];

export const JOBS: readonly Job[] = [...CONTROLS, ...MUTANTS.map((mutant) => ({ by: mutant.by, mutant }))];

/** What came of a job. `broken`: it proves nothing, because the mutant was not applied or something could not be loaded. */
export type Verdict =
  | { readonly kind: 'noticed'; readonly by: string }
  | { readonly kind: 'unnoticed'; readonly passed: number }
  | { readonly kind: 'broken'; readonly why: string };
