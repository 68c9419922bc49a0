import type { Clock } from '../core/clock.ts';
import type { Emit } from '../core/event.ts';
import type { Host } from '../core/host.ts';
import type { Play } from '../core/play.ts';
import type { Hosts } from './hosts.ts';
import type { Locals } from './locals.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Turns } from './turns.ts';

/** One play on one host: all that carrying it out needs. */
export interface HostRun {
  readonly play: Play;
  readonly host: Host;
  readonly hosts: Hosts;
  readonly locals: Locals;
  readonly ahead: ReadAhead;
  readonly turns: Turns;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly check: boolean;
  /** Show changes as texts too. */
  readonly diff: boolean;
  readonly signal: AbortSignal;
  /** Ends even what is on its way to a safe point. */
  readonly urgent: AbortSignal;
  /** Something was changed before this program: a gate must hold as often as it wants. */
  readonly unsettled?: boolean;
  /** Title of an earlier pending change on this host, from an earlier play (check mode). */
  readonly pending: string | undefined;
}
