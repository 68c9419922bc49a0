import type { Readable, Writable } from 'node:stream';
import type { Secret } from '../../core/base/secret.ts';

/** How a process ended: an exit code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a started shell tells, each at most once. `exit` may come long before `close` when a child holds the streams open. */
export interface ProcessEvents {
  exit(exit: Exit): void;
  /** Both output streams have ended. */
  close(): void;
  /** The connection went first: how the process ended, nobody knows. */
  lost(error: Error): void;
}

/** One shell on the host with its three streams, over whatever carries it. */
export interface ShellProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  watch(events: ProcessEvents): void;
  /** Lets go of it without waiting; kills nothing. */
  abandon(): void;
}

/** What a session is for, which tells how to wait where sshd grants few of them. */
export interface SessionWish {
  /** It stays open when it has nothing to do, so nobody need wait for its end. */
  readonly lasting?: boolean;
  /** Lets a lasting session go for another that is wanted. False while it is in use; without this it is never let go. */
  readonly release?: () => boolean;
  /** It cannot wait: what holds the room may end only by it. Where there is none, it has a connection of its own. */
  readonly urgent?: boolean;
}

/** Starts a command line under the host's shell. @throws OrchError CONNECTION_LOST | CHANNEL_REFUSED */
export type Launch = (line: string, wish?: SessionWish) => Promise<ShellProcess>;

/** Whose rights things run with: root's through sudo, or the login user's own. */
export type Become = 'sudo' | 'none';

/** `password` is for a sudo that asks for one; without it sudo is told not to ask. */
export interface Rights {
  readonly become: Become;
  readonly password?: Secret;
}
