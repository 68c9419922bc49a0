/** What a run locks besides the hosts that it changes. */
export interface LockScope {
  /** Hosts to be changed. */
  readonly names: readonly string[];
  readonly balancers: readonly string[];
  /**
   * Members of pools of which more than half are locked: where a balancer is left out, or there is none to lock, two runs that cannot
   * see each other must not both find enough.
   */
  readonly majorities: readonly (readonly string[])[];
}
