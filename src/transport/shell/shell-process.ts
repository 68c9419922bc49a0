import type { Readable, Writable } from 'node:stream';
import type { Secret } from '../../core/base/secret.ts';

/** How a process ended: an exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Events of a started shell, each at most once. `exit` may come long before `close` if a child holds the streams open.
 */
export interface ProcessEvents {
  exit(exit: Exit): void;
  /** Both output streams have ended. */
  close(): void;
  /** The connection was lost: the exit of the process is unknown. */
  lost(error: Error): void;
}

/** One shell on the host with its three streams, over any carrier. */
export interface ShellProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  watch(events: ProcessEvents): void;
  /** Releases it without waiting; kills nothing. */
  abandon(): void;
}

/** The purpose of a session; decides how to wait if sshd grants few. */
export interface SessionWish {
  /** It stays open while idle, so waiting for its end is useless. */
  readonly lasting?: boolean;
  /**
   * Closes an idle lasting session for another one. False while in use; if absent, the session is never closed early.
   */
  readonly release?: () => boolean;
  /** It cannot wait, because only it may free a session. If none is free, it gets its own connection. */
  readonly urgent?: boolean;
}

/** Starts a command line under the host's shell. @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED */
export type Launch = (line: string, wish?: SessionWish) => Promise<ShellProcess>;

/** Rights of commands: root through sudo, or the login user's own. */
export type Become = 'sudo' | 'none';

/** `password`: for a sudo that asks for one; without it sudo must not ask. */
export interface Rights {
  readonly become: Become;
  readonly password?: Secret;
}
