import type { OrchError } from '../../core/base/errors.ts';
import type { HostResult } from './host-result.ts';

/** Raised to a host whose turn will not come: it stays as it is. */
export class DisruptionRefused extends Error {
  override readonly name = 'TurnsClosed';
  /** Set when it is this host's own affair, and not that another one failed. */
  readonly fault: OrchError | undefined;

  constructor(message: string, fault?: OrchError) {
    super(message);
    this.fault = fault;
  }
}

export interface PlanFindings {
  /** Not ready, or something that serves is not there. */
  readonly unhealthy: boolean;
  /** What it is about to do changes what serves. */
  readonly disrupts: boolean;
  /** Something that it states is about what serves, to be changed or not. */
  readonly serves: boolean;
}

/** Who may change what serves, and when. A host's program asks at each of these points; it never decides itself. */
export interface DisruptionGate {
  /** The host was planned. */
  planned(host: string, found: PlanFindings): void;
  /** Waits until the host is out of traffic and may be changed. @throws TurnsClosed */
  waitForDrain(host: string): Promise<void>;
  /** Something that serves is about to be stopped: one last look. @throws OrchError and then nothing has been stopped */
  aboutToStop(host: string): Promise<void>;
  /**
   * The host is as wanted: gives it back to its balancers and waits until all is well. One that never had a turn is given
   * back if an earlier run left it out. False: nothing was to be given back. `met`: statements of gates that its program has
   * waited for since the last write; they are not waited for once more.
   *
   * @throws OrchError, TurnsClosed
   */
  restore(host: string, met: ReadonlySet<string>): Promise<boolean>;
  /** The host's program is over. Comes back when nothing more will be done with the host. */
  finish(host: string, result: Pick<HostResult, 'status' | 'error'>): Promise<OrchError | undefined>;
}

/** For programs that nobody has to wait for. */
export const UNGATED: DisruptionGate = {
  planned: () => undefined,
  waitForDrain: async () => undefined,
  aboutToStop: async () => undefined,
  restore: async () => false,
  finish: async () => undefined,
};
