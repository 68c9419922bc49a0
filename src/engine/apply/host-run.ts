import type { Clock } from '../../core/base/clock.ts';
import type { OrchError } from '../../core/base/errors.ts';
import type { Emit } from '../../core/event/event.ts';
import type { Host } from '../../core/host/host.ts';
import type { Locks } from '../../core/host/locks.ts';
import type { Play } from '../../core/play/play.ts';
import type { Hosts } from '../plan/hosts.ts';
import type { Locals } from '../plan/locals.ts';
import type { ReadAhead } from '../plan/read-ahead.ts';
import type { DisruptionGate } from './disruption-gate.ts';

/** One play on one host: all that carrying it out needs. */
export interface HostRun {
  readonly play: Play;
  readonly host: Host;
  readonly hosts: Hosts;
  readonly locals: Locals;
  readonly ahead: ReadAhead;
  /** Why no host of the run may be changed; known when each has replied once. */
  readonly refusal: Promise<OrchError | undefined>;
  readonly turns: DisruptionGate;
  readonly clock: Clock;
  readonly locks?: Locks;
  readonly emit: Emit;
  readonly check: boolean;
  /** Show changes as texts too. */
  readonly diff: boolean;
  readonly signal: AbortSignal;
  /** Ends even what is on its way to a safe point. */
  readonly urgent: AbortSignal;
  /** Something was changed before this program: a gate must hold as often as it wants. */
  readonly unsettled?: boolean;
}
