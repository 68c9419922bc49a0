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

/** Everything that one play on one host needs. */
export interface HostRun {
  readonly play: Play;
  readonly host: Host;
  readonly hosts: Hosts;
  readonly locals: Locals;
  readonly ahead: ReadAhead;
  /** Why no host of the run may be changed; resolves when each host has replied once. */
  readonly refusal: Promise<OrchError | undefined>;
  readonly gate: DisruptionGate;
  readonly clock: Clock;
  readonly locks?: Locks;
  readonly emit: Emit;
  readonly check: boolean;
  /** Also print changes as texts. */
  readonly diff: boolean;
  readonly signal: AbortSignal;
  /** Aborts even a host that continues to a safe point. */
  readonly urgent: AbortSignal;
  /** Something was changed before this program: gates must be met as many times as they require. */
  readonly unsettled?: boolean;
}
