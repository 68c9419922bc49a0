/** Hosts that a run locks besides the ones that it changes. */
export interface LockScope {
  /** Hosts to be changed. */
  readonly names: readonly string[];
  readonly balancers: readonly string[];
  /**
   * Pools of which more than half of the members are locked. If a balancer is left out, or there is none to lock, two
   * runs that cannot see each other must not both get enough locks.
   */
  readonly majorities: readonly (readonly string[])[];
}
