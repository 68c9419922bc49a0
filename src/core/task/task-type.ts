import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import type { Connection, Reader } from '../host/connection.ts';
import type { Change, Patch, Report } from './change.ts';
import type { Claim } from './claim.ts';
import type { LocalFiles } from './local-files.ts';
import type { WantContext } from './task.ts';

/**
 * A kind of task: how to read its state, what state is wanted, and how to write the difference. The engine derives plan,
 * check mode, diff and "changed" from these, so that they cannot disagree.
 */
export interface TaskType<P extends z.ZodType, L, S extends Data, R> {
  readonly kind: string;
  readonly params: P;
  /** What a write may touch. */
  claim(p: z.output<P>): Claim;
  /** One line for people; default: kind and claim. */
  title?(p: z.output<P>): string;
  /** 'node' (default): a change may alter what this node serves. 'none': it never does. */
  readonly impact?: 'none' | 'node' | ((p: z.output<P>) => 'none' | 'node');
  /** Work on the controller, done once per run and parameters: digests, archive contents. */
  local?(p: z.output<P>, io: LocalFiles): Promise<L>;
  read(p: z.output<P>, host: Reader, local: L): Promise<S | null>;
  /** Pure. Lays its decisions over `now`: what it does not mention passes through and never counts as a change. */
  want(p: z.output<P>, now: S | null, context: WantContext<L>): S | null;
  /** Must be safe to repeat. */
  write(p: z.output<P>, change: Change<S>, host: Connection, local: L, report: Report): Promise<void>;
  result?(state: S): R;
  /** What containers started from this task are stamped with; default: the state itself. */
  fingerprint?(p: z.output<P>, state: S): Data;
  /** Texts whose `stretchedDigest` its fingerprint takes: whoever needs that has them computed ahead. */
  digestTexts?(p: z.output<P>): readonly string[];
  /** Whether a state field must not be shown (`env.PASSWORD`, a digest of secret content). */
  hidden?(p: z.output<P>, path: string): boolean;
  show?(p: z.output<P>, change: Change<S>, host: Reader): Promise<Patch>;
  /** In check mode, after a pending change on the same host, this cannot be known (commands). */
  readonly afterPending?: 'keep' | 'unknown';
  /** False where there is nothing to read back: a command that always runs. Default true. */
  confirmed?(p: z.output<P>): boolean;
}
