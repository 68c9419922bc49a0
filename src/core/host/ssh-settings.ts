import type { Secret } from '../base/secret.ts';

/** The inventory's SSH settings of a host; OpenSSH's configuration and defaults supply the rest. */
export interface SshSettings {
  /** As on ssh's command line: a name, an address, or an alias from OpenSSH's configuration. */
  readonly address: string;
  /** Absolute path of a file to use instead of OpenSSH's usual configuration, or `none`. */
  readonly config?: string;
  readonly port?: number;
  readonly user?: string;
  /** Absolute path. */
  readonly identityFile?: string;
  /** Absolute path. */
  readonly knownHosts?: string;
  /** `[user@]host[:port]`, several separated by commas (the first is connected first), or `none`. */
  readonly jump?: string;
  readonly become?: 'sudo' | 'none';
  readonly connectTimeoutMs?: number;
  readonly password?: Secret;
  readonly becomePassword?: Secret;
}
