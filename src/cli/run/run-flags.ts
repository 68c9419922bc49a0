import type { OutputForm } from '../../render/choose.ts';
import type { SessionFlags } from '../session.ts';
import type { RollFlags } from './roll-options.ts';

/** Flags of every verb that runs a playbook. */
export interface RunFlags extends SessionFlags, RollFlags {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly limit?: string;
  readonly extraVars: readonly string[];
  readonly output?: OutputForm;
  readonly verbose?: boolean;
  /** How long to wait for a run that holds a host's lock. */
  readonly lockWait: string;
}
