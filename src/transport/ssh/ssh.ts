import { defined } from '../../core/base/data.ts';
import { located } from '../../core/base/errors.ts';
import type { LockPaths } from '../lock/fence.ts';
import type { RawConnection } from '../raw-connection.ts';
import { rawHost } from '../raw-host.ts';
import { askNothing } from './ask.ts';
import { type LinkOptions, openLink } from './connect/client.ts';
import { processGovernor } from './connect/governor.ts';
import { type SshHops, sshHops } from './connect/hops.ts';
import { launchAside } from './link/aside.ts';
import type { SshLink } from './link/link.ts';
import type { SshTarget } from './target.ts';

export interface SshOptions extends LinkOptions {
  /** Shares jump-host connections with other targets; without it each target opens its own. */
  readonly hops?: SshHops;
  /** Directories of the host's lock; tests use their own. */
  readonly lockPaths?: LockPaths;
}

/**
 * Connects to a host over SSH. Checks its key against known_hosts; logs in by key, agent or password. `become` applies
 * to all commands, and the first read tries it.
 *
 * @throws OrchError CONNECT_UNREACHABLE | CONNECT_REFUSED | CONNECT_TIMED_OUT | CONNECT_THROTTLED | CONNECT_DROPPED |
 *   CONNECT_NOT_SSH |
 *   CONNECT_NO_COMMON_ALGORITHM | CONNECT_AUTH_FAILED |
 *   CONNECT_HOST_KEY_UNKNOWN | CONNECT_HOST_KEY_CHANGED | CONNECT_HOST_KEY_REVOKED | CONNECT_KEY_MISSING |
 *   CONNECT_KEY_INVALID | CONNECT_KEY_ENCRYPTED | CONNECT_NO_KEY | CONNECT_JUMP_REFUSED | INTERRUPTED
 * @example const host = await connectSsh({ name: 'gw-1', address: '10.0.0.7', port: 22, user: 'ops', become: 'sudo',
 *   connectTimeoutMs: 10_000 }, { acceptNewHostKeys: false })
 */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<RawConnection> {
  try {
    const { jump } = target;
    const hops = options.hops ?? sshHops();
    const open = (how: LinkOptions): Promise<SshLink> =>
      jump === undefined ? openLink(target, how) : hops.through(target, jump, how);
    const { launch, dialer, close } = await open(options);
    // The second connection must work after an interrupt too, and must not ask anything.
    const { signal: _, lockPaths: __, ask, ...others } = options;
    const again = (): Promise<SshLink> => open(ask === undefined ? others : { ...others, ask: askNothing(ask) });
    const host = rawHost({
      name: target.name,
      rights: {
        become: target.user === 'root' ? 'none' : target.become,
        ...defined({ password: target.becomePassword }),
      },
      launch: launchAside(launch, again),
      dialer,
      close,
      ...defined({ lockPaths: options.lockPaths }),
    });
    const governor = options.governor ?? processGovernor();
    const governed = (each: RawConnection): RawConnection => ({
      ...each,
      upload: (...upload) => governor.upload(target, () => each.upload(...upload)),
      under: (token) => governed(each.under(token)),
    });
    return governed(host);
  } catch (error) {
    throw located(error, { host: target.name });
  }
}
