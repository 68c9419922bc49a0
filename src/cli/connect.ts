import { defined } from '../core/base/data.ts';
import { located, OrchError } from '../core/base/errors.ts';
import type { Secret } from '../core/base/secret.ts';
import type { Connection } from '../core/host/connection.ts';
import type { Connect } from '../engine/plan/hosts.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { Ask } from '../transport/ssh/ask.ts';
import type { SshConfig, SshConfigOptions } from '../transport/ssh/config/config.ts';
import type { NewHostKey } from '../transport/ssh/connect/client.ts';
import type { SshTarget } from '../transport/ssh/target.ts';
import { printLine } from './print/print-line.ts';

export interface ConnectOptions {
  readonly acceptNewHostKeys: boolean;
  /** Called with each key added to known_hosts. */
  readonly onNewHostKey?: (key: NewHostKey) => void;
  /** Run as the login user, regardless of the inventory. */
  readonly become?: boolean;
  /** Asks for missing passphrases and passwords. Default: nothing is asked. */
  readonly ask?: Ask;
  /** For hosts without a password in the inventory. */
  readonly password?: Secret;
  readonly becomePassword?: Secret;
  /** Ends connection attempts. */
  readonly signal?: AbortSignal;
  /** OpenSSH's configuration, if it was read already. */
  readonly config?: Promise<SshConfig>;
}

/** The part of an inventory that connections need. */
export type Reachable = Pick<Inventory, 'file' | 'hosts'>;

/** Resolves how a host of the inventory is reached; makes no connection. */
export type Resolve = (name: string) => Promise<SshTarget>;

/** OpenSSH's configuration; settings that are not applied give a warning on stderr, once. */
export const openSshConfig = async (options: Pick<SshConfigOptions, 'runsCommands'> = {}): Promise<SshConfig> => {
  const { sshConfig } = await import('../transport/ssh/config/config.ts');
  return sshConfig({ ...options, warn: (text) => printLine(process.stderr, `warning: ${text}`) });
};

/** @example const resolve = destinationsOf(inventory); const target = await resolve('gw-1') */
export function destinationsOf(
  inventory: Reachable,
  options: Pick<ConnectOptions, 'become' | 'password' | 'becomePassword' | 'config'> = {},
): Resolve {
  const { become, password, becomePassword, config: opening = openSshConfig() } = options;
  const loading = import('../transport/ssh/config/destination.ts');
  return async (name) => {
    const host = inventory.hosts.get(name);
    if (host === undefined)
      throw new OrchError('HOST_UNKNOWN', `${name} is not in ${inventory.file}`, {
        hint: 'correct the host name in the playbook or inventory',
      });
    const [{ resolveTarget }, config] = await Promise.all([loading, opening]);
    const settings = {
      ...defined({ password, becomePassword }),
      ...host.ssh,
      ...(become === undefined ? {} : { become: become ? ('sudo' as const) : ('none' as const) }),
    };
    try {
      return await resolveTarget(name, settings, config);
    } catch (error) {
      throw located(error, { host: name });
    }
  };
}

/** Opens SSH connections to an inventory's hosts, with Docker on top. */
export function connectTo(inventory: Reachable, options: ConnectOptions): Connect {
  const resolve = destinationsOf(inventory, options);
  const hops = import('../transport/ssh/connect/hops.ts').then(({ sshHops }) => sshHops());
  return async (name): Promise<Connection> => {
    const [target, { connectSsh }, { withDocker }] = await Promise.all([
      resolve(name),
      import('../transport/ssh/ssh.ts'),
      import('../docker/client.ts'),
    ]);
    return withDocker(
      await connectSsh(target, {
        acceptNewHostKeys: options.acceptNewHostKeys,
        onNewHostKey: options.onNewHostKey ?? (() => undefined),
        hops: await hops,
        ...defined({ ask: options.ask, signal: options.signal }),
      }),
    );
  };
}
