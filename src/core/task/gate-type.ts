import type { z } from 'zod';
import type { OrchError } from '../base/errors.ts';
import type { Reader } from '../host/connection.ts';
import type { LocalFiles } from './local-files.ts';

/**
 * How long a gate may take: the same answer `passes` times in a row, asked every `everyMs`, within `withinMs` (0:
 * once).
 */
export interface Patience {
  readonly withinMs: number;
  readonly everyMs: number;
  readonly passes: number;
}

/** The patience of a gate that checks once and does not wait. */
export const ONE_LOOK: Patience = { withinMs: 0, everyMs: 1000, passes: 1 };

/**
 * What happens when a gate's time is up. `fail`: the program fails. `hold`: it fails too, but during a rolling change
 * the operator decides. `warn`: the program continues; the reason is printed as a warning, or returned to a program
 * that asks for it.
 */
export type OnTimeout = 'warn' | 'hold' | 'fail';

/** A kind of gate: a condition to wait for. It changes nothing, and its readings need not be plain data. */
export interface GateType<P extends z.ZodType, V> {
  readonly kind: string;
  readonly params: P;
  /** One line for people; default: the kind. */
  title?(p: z.output<P>): string;
  /**
   * Checks on the controller alone, once for all hosts with the same parameters, before the first connection.
   *
   * @throws OrchError the condition cannot hold: the run is refused
   */
  local?(p: z.output<P>, io: LocalFiles): Promise<void>;
  /** Reads the state that the condition depends on. */
  look(p: z.output<P>, host: Reader): Promise<V>;
  /** Pure. Whether the condition holds. */
  met(p: z.output<P>, seen: V): boolean;
  /** The error when the time is up, made from the last reading. */
  unmet(p: z.output<P>, seen: V): OrchError;
  /** How long to wait; default: one reading. */
  patience?(p: z.output<P>): Patience;
  /** An error if waiting longer cannot help: the container behind the port crashes again and again. */
  cannotRecover?(p: z.output<P>, seen: V): OrchError | undefined;
  /** Default: `fail`. */
  readonly onTimeout?: OnTimeout | ((p: z.output<P>) => OnTimeout);
  /** The condition can hold only while the node gets requests, so the node is restored before this gate. */
  readonly inTraffic?: boolean;
}
