import type { OrchError } from '../../core/base/errors.ts';
import type { Host } from '../../core/host/host.ts';
import type { Play } from '../../core/play/play.ts';
import type { ReadAhead } from '../plan/read-ahead.ts';
import type { RunContext } from './run-context.ts';
import type { Slots } from './slots.ts';

export type RollContext = RunContext & {
  readonly ahead: ReadAhead;
  /** Why no host of the run may be changed; resolves when each host has replied once. */
  readonly refusal: Promise<OrchError | undefined>;
  readonly play: Play;
  readonly slots: Slots;
  /** Reports a message once per run. */
  noteOnce(message: string): void;
  hostNamed(name: string): Host;
};
