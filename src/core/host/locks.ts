import type { Connection } from './connection.ts';

/** What the engine knows of the locks of its run. */
export interface Locks {
  /** Takes the locks of these hosts and of those that belong to them; waits as long as the operator says. @throws OrchError HOST_LOCKED */
  take(names: readonly string[], hosts: LockHosts): Promise<void>;
  /**
   * Called before each write. True when the locks had to be proved on all hosts: what was read before may be too old to act upon.
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
