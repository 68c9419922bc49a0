import type { Clock } from '../../core/base/clock.ts';
import type { Emit } from '../../core/event/event.ts';
import type { Locks } from '../../core/host/locks.ts';
import type { Fleet } from '../../core/play/rolling.ts';
import type { Hosts } from '../plan/hosts.ts';
import type { Locals } from '../plan/locals.ts';

export interface RunContext {
  readonly hosts: Hosts;
  readonly locals: Locals;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly check: boolean;
  readonly diff: boolean;
  /** Hosts worked on at the same time. */
  readonly forks: number;
  /** First Ctrl-C: nothing new is begun. */
  readonly signal: AbortSignal;
  /** Second Ctrl-C: not even the way to a safe point is finished. */
  readonly urgent: AbortSignal;
  /** Who is in which pool, and how nodes are taken out of traffic. Without it nothing is. */
  readonly fleet?: Fleet;
  readonly rollFlags?: RollFlags;
  /** The locks of the hosts that it changes. A run that changes nothing takes none. */
  readonly locks?: Locks;
  /** Asks a person a question that can be answered by yes or no. Without it the answer is no. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Whether somebody confirms that a pool is left without a node that serves. */
  readonly outage?: (what: string) => Promise<boolean>;
  /** Called back whenever no host at all answers any more, and when they do again. */
  readonly onNetwork?: (listener: (up: boolean) => void) => void;
  /** The command that gives a node back to its balancers. */
  readonly restoreCommand?: (node: string) => string;
  /** The command that starts a node which the play was to stop, and gives it back. */
  readonly startCommand?: (node: string) => string;
}

export interface RollFlags {
  /** Nodes that somebody else took out of traffic are changed too, and stay out. */
  readonly includeHeld: boolean;
  /** Hosts that cannot be reached are left out; they count as unavailable. */
  readonly skipUnreachable: boolean;
  /** What becomes of a node whose change fails: it goes back to what it ran before (default), or stays drained. */
  readonly onFailure?: 'rollback-node' | 'stop';
}
