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
  /** How many hosts are worked on at the same time. */
  readonly forks: number;
  /** First Ctrl-C: starts nothing new. */
  readonly signal: AbortSignal;
  /** Second Ctrl-C: aborts even the way to a safe point. */
  readonly urgent: AbortSignal;
  /** Pools, and how nodes are drained. Without it no node is drained. */
  readonly fleet?: Fleet;
  readonly rollFlags?: RollFlags;
  /** The locks of the hosts that the run changes. A run that changes nothing takes none. */
  readonly locks?: Locks;
  /** Asks the operator a yes/no question. Without it the answer is no. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Asks the operator to confirm that a pool has no serving node. */
  readonly outage?: (what: string) => Promise<boolean>;
  /** Calls back when no host responds any more, and when hosts respond again. */
  readonly onNetwork?: (listener: (up: boolean) => void) => void;
  /** The command that restores a node. */
  readonly restoreCommand?: (node: string) => string;
  /** The command that starts a node which the play stopped, and restores it. */
  readonly startCommand?: (node: string) => string;
}

export interface RollFlags {
  /** Also changes externally held nodes, and leaves them held. */
  readonly includeHeld: boolean;
  /** Leaves unreachable hosts out; they count as unavailable. */
  readonly skipUnreachable: boolean;
  /** What happens to a node whose change fails: it returns to its previous version (default), or stays drained. */
  readonly onFailure?: 'rollback-node' | 'stop';
}
