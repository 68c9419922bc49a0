import type { Fleet } from './fleet.ts';
import type { Outcome } from './measure.ts';

/** What a case gets. */
export interface Bench {
  readonly quick: boolean;
  /** Number of rounds: the second one with `--quick`. */
  rounds(full: number, quick: number): number;
  /** Loopback hosts on one sshd, started at first use. */
  fleet(): Promise<Fleet>;
  /** Command line of the built CLI. */
  readonly orch: readonly string[];
  /** Command line of a script of `bench/floor`, with its types stripped beforehand. */
  floor(name: string): readonly string[];
  /** Scratch directory, removed at the end. */
  readonly work: string;
  /** Runs at the end, the last one first, even after an interrupt. */
  undo(step: () => void | Promise<void>): void;
  note(line: string): void;
}

/** A case measures one kind of work. */
export interface Case {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Outcome>;
}
