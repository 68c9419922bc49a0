import type { Connection } from './connection.ts';

/** The engine's view of its run's locks. */
export interface Locks {
  /**
   * Takes the locks of these hosts and of the hosts that belong to them; waits as long as the operator allows. @throws
   * OrchError HOST_LOCKED
   */
  take(names: readonly string[], hosts: LockHosts): Promise<void>;
  /**
   * Called before each write. True if the locks had to be checked on all hosts: earlier readings may be too old to act
   * upon.
   *
   * @throws OrchError FENCED
   */
  refresh(): Promise<boolean>;
  release(): Promise<void>;
}

/** Connections of the run. */
export interface LockHosts {
  get(host: string): Promise<Connection>;
  reconnect(host: string, lost: Connection | undefined): Promise<Connection>;
}
