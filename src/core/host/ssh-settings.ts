import type { Secret } from '../base/secret.ts';

/** What the inventory says of how a host is reached; OpenSSH's configuration and the defaults say the rest. */
export interface SshSettings {
  /** As it would stand on ssh's command line: a name, an address, or an alias out of OpenSSH's configuration. */
  readonly address: string;
  /** Absolute path of a file in place of OpenSSH's usual configuration, or `none`. */
  readonly config?: string;
  readonly port?: number;
  readonly user?: string;
  /** Absolute path. */
  readonly identityFile?: string;
  /** Absolute path. */
  readonly knownHosts?: string;
  /** `[user@]host[:port]`, several separated by commas (the first is entered first), or `none`. */
  readonly jump?: string;
  readonly become?: 'sudo' | 'none';
  readonly connectTimeoutMs?: number;
  readonly password?: Secret;
  readonly becomePassword?: Secret;
}
