import type { Fleet } from './fleet.ts';
import type { Outcome } from './measure.ts';

/** What a case is given. */
export interface Bench {
  readonly quick: boolean;
  /** Rounds: fewer when it must be quick. */
  rounds(full: number, quick: number): number;
  /** Loopback hosts on one sshd, made when first asked for. */
  fleet(): Promise<Fleet>;
  /** Words that start the built command line tool. */
  readonly orch: readonly string[];
  /** Words that start a script of `bench/floor`, stripped of its types beforehand. */
  floor(name: string): readonly string[];
  /** Scratch directory, removed at the end. */
  readonly work: string;
  /** Done at the end, the last one first, even when interrupted. */
  undo(step: () => void | Promise<void>): void;
  note(line: string): void;
}

/** A case measures one kind of work. */
export interface Case {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Outcome>;
}
