import type { Secret } from '../../core/base/secret.ts';
import type { Become } from '../shell/shell-process.ts';

/** How a host is reached: everything decided, nothing left to look up. */
export interface SshTarget {
  /** The host's name in the inventory, for messages. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private keys in the order they are offered. Default: the usual ones, those that are there. */
  readonly identityFiles?: readonly string[];
  /** Of the agent's keys offer only those that are `identityFiles` too. */
  readonly identitiesOnly?: boolean;
  /** The agent's socket, or `none`. Default: SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
  readonly password?: Secret;
  /** Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. New keys go to the first; `/dev/null` keeps none. */
  readonly knownHosts?: readonly string[];
  /** The name that the host key is looked up by, in place of address and port. */
  readonly hostKeyAlias?: string;
  /** Add the key of a host that nobody knows yet, as `--accept-new-host-keys` does for all. */
  readonly acceptNewHostKey?: boolean;
  /** Write the name before a new key hashed, as `HashKnownHosts` wants it. */
  readonly hashNewHostKey?: boolean;
  /** The host to go through, which may have one itself. Its own key is checked under its own name. */
  readonly jump?: SshTarget;
  readonly become: Become;
  readonly becomePassword?: Secret;
  readonly connectTimeoutMs: number;
  /** Default: every 10 s, given up after 3 without an answer. */
  readonly keepalive?: { readonly everyMs: number; readonly misses: number };
  /** What was configured and cannot be used; told when the login fails. */
  readonly notes?: readonly string[];
}
