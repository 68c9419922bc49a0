import type { z } from 'zod';
import type { Data } from '../base/data.ts';
import type { Connection, Reader } from '../host/connection.ts';
import type { Change, Patch, Report } from './change.ts';
import type { Claim } from './claim.ts';
import type { LocalFiles } from './local-files.ts';
import type { WantContext } from './task.ts';

/**
 * A kind of task: how to read its state, which state is desired, and how to write the difference. The engine derives
 * plan, check mode, diff and "changed" from these, so that they always agree.
 */
export interface TaskType<P extends z.ZodType, L, S extends Data, R> {
  readonly kind: string;
  readonly params: P;
  /** What a write may change. */
  claim(p: z.output<P>): Claim;
  /** One line for people; default: kind and claim. */
  title?(p: z.output<P>): string;
  /** 'node' (default): a change can interrupt traffic on this node. 'none': it cannot. */
  readonly impact?: 'none' | 'node' | ((p: z.output<P>) => 'none' | 'node');
  /** Work on the controller, done once per run and parameters: digests, archive contents. */
  local?(p: z.output<P>, io: LocalFiles): Promise<L>;
  read(p: z.output<P>, host: Reader, local: L): Promise<S | null>;
  /** Pure. Merges the desired fields into `now`: fields that it does not set stay and never count as a change. */
  want(p: z.output<P>, now: S | null, context: WantContext<L>): S | null;
  /** Must be safe to repeat. */
  write(p: z.output<P>, change: Change<S>, host: Connection, local: L, report: Report): Promise<void>;
  result?(state: S): R;
  /** What is stamped on containers started from this task; default: the state itself. */
  fingerprint?(p: z.output<P>, state: S): Data;
  /** Texts whose `stretchedDigest` the fingerprint needs. The engine precomputes them. */
  digestTexts?(p: z.output<P>): readonly string[];
  /** Whether a state field must not be printed (`env.PASSWORD`, a digest of secret content). */
  hidden?(p: z.output<P>, path: string): boolean;
  show?(p: z.output<P>, change: Change<S>, host: Reader): Promise<Patch>;
  /** In check mode, after a planned change on the same host, this state is unknown (commands). */
  readonly afterPending?: 'keep' | 'unknown';
  /** False if there is no state to read back: a command that always runs. Default true. */
  confirmed?(p: z.output<P>): boolean;
}
