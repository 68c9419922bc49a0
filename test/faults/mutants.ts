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
