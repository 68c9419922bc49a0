import type { OrchError } from '../../core/base/errors.ts';
import type { HostEnd } from './host-result.ts';

/** Thrown to a waiting program when its node will not be drained; the node stays unchanged. */
export class DisruptionRefused extends Error {
  override readonly name = 'DisruptionRefused';
  /** Set if the reason lies with this host itself, not with the failure of another one. */
  readonly fault: OrchError | undefined;

  constructor(message: string, fault?: OrchError) {
    super(message);
    this.fault = fault;
  }
}

export interface PlanFindings {
  /** Not ready, or a service does not exist. */
  readonly unhealthy: boolean;
  /** Its planned changes can interrupt traffic. */
  readonly disrupts: boolean;
  /** Some task or gate concerns a service of the node, with or without a change. */
  readonly serves: boolean;
}

/**
 * Decides when a host's program may change a serving node. The program calls it at each of these points and never
 * decides itself.
 */
export interface DisruptionGate {
  /** Reports that the host was planned. */
  planned(host: string, found: PlanFindings): void;
  /** Waits until the host is drained and may be changed. @throws DisruptionRefused */
  waitForDrain(host: string): Promise<void>;
  /**
   * Last check before a service is stopped. @throws OrchError when the stop is not allowed; nothing has been stopped
   * then
   */
  aboutToStop(host: string): Promise<void>;
  /**
   * Restores the host once its program is up to date, and waits until it is healthy and in service. Also restores a
   * host without a drain in this run that an earlier run left drained. False: nothing was to be restored. `met`:
   * `statement`s of gates that the program has passed since the last write; they are not waited for again.
   *
   * @throws OrchError, DisruptionRefused
   */
  restore(host: string, met: ReadonlySet<string>): Promise<boolean>;
  /** Reports that the host's program ended. Resolves when nothing more will happen to the host. */
  finish(host: string, end: HostEnd): Promise<OrchError | undefined>;
}

/** A gate for programs that never have to wait. */
export const UNGATED: DisruptionGate = {
  planned: () => undefined,
  waitForDrain: async () => undefined,
  aboutToStop: async () => undefined,
  restore: async () => false,
  finish: async () => undefined,
};
