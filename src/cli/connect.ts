import type { Connection } from '../core/connection.ts';
import { OrchError } from '../core/errors.ts';
import type { Connect } from '../engine/hosts.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { jumpTarget } from '../transport/ssh-target.ts';

export interface ConnectOptions {
  readonly acceptNewHostKeys: boolean;
  /** Told of each key that was added to known_hosts. */
  readonly onNewHostKey?: (key: { readonly host: string; readonly fingerprint: string; readonly file: string }) => void;
  /** Run as the login user, whatever the inventory says. */
  readonly become?: boolean;
}

/** Opens SSH connections to an inventory's hosts, with Docker on top. */
export function connectTo(inventory: Inventory, options: ConnectOptions): Connect {
  const hops = import('../transport/ssh-hops.ts').then(({ sshHops }) => sshHops());
  return async (name): Promise<Connection> => {
    const host = inventory.hosts.get(name);
    if (host === undefined)
      throw new OrchError('HOST_UNKNOWN', `${name} is not in ${inventory.file}`, {
        hint: 'correct the host name in the playbook or inventory',
      });
    const [{ connectSsh }, { withDocker }] = await Promise.all([
      import('../transport/ssh.ts'),
      import('../docker/client.ts'),
    ]);
    const { knownHosts, identityFile, jump, ...ssh } = host.ssh;
    const become = options.become === undefined ? ssh.become : options.become ? 'sudo' : 'none';
    const direct = {
      ...ssh,
      name,
      become,
      ...(identityFile === undefined ? {} : { identityFiles: [identityFile] }),
      ...(knownHosts === undefined ? {} : { knownHosts: [knownHosts] }),
    } as const;
    const target = jump === undefined ? direct : { ...direct, jump: jumpTarget(direct, jump) };
    return withDocker(
      await connectSsh(target, {
        acceptNewHostKeys: options.acceptNewHostKeys,
        onNewHostKey: options.onNewHostKey ?? (() => undefined),
        hops: await hops,
      }),
    );
  };
}
