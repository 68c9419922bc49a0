import type { Secret } from '../../core/base/secret.ts';
import type { Become } from '../shell/shell-process.ts';

/** How a host is reached, completely resolved. */
export interface SshTarget {
  /** The host's name in the inventory, for messages. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private keys in the order of their offer. Default: the existing usual ones. */
  readonly identityFiles?: readonly string[];
  /** Offer only agent keys that are also `identityFiles`. */
  readonly identitiesOnly?: boolean;
  /** The agent's socket, or `none`. Default: SSH_AUTH_SOCK. */
  readonly identityAgent?: string;
  readonly password?: Secret;
  /** Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. New keys go to the first; `/dev/null` keeps none. */
  readonly knownHosts?: readonly string[];
  /** Name for looking up the host key, instead of address and port. */
  readonly hostKeyAlias?: string;
  /** Add the key of an unknown host, like `--accept-new-host-keys` for all hosts. */
  readonly acceptNewHostKey?: boolean;
  /** Hash the name of a new key, like `HashKnownHosts`. */
  readonly hashNewHostKey?: boolean;
  /** The jump host, which may have one itself. Its own key is checked by its own name. */
  readonly jump?: SshTarget;
  readonly become: Become;
  readonly becomePassword?: Secret;
  readonly connectTimeoutMs: number;
  /** Default: every 10 s, given up after 3 without an answer. */
  readonly keepalive?: { readonly everyMs: number; readonly misses: number };
  /** Configured settings that cannot be used; reported when the login fails. */
  readonly notes?: readonly string[];
}
