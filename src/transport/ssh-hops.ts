import type { Duplex } from 'node:stream';
import { OrchError } from '../core/errors.ts';
import { DialError } from './dialer.ts';
import { type LinkOptions, openLink } from './ssh-client.ts';
import type { SshLink } from './ssh-link.ts';
import type { SshTarget } from './ssh-target.ts';

/** Connections to jump hosts, one per host however many targets lie behind it; each lives as long as somebody uses it. */
export interface SshHops {
  /** A link to the target through its jump host, which may lie behind another. */
  through(target: SshTarget, jump: SshTarget, options: LinkOptions): Promise<SshLink>;
}

interface Hop {
  readonly link: Promise<SshLink>;
  users: number;
}

export function sshHops(): SshHops {
  const hops = new Map<string, Hop>();

  const enter = async (key: string, open: () => Promise<SshLink>): Promise<Hop> => {
    const known = hops.get(key);
    if (known !== undefined) {
      known.users++;
      const dead = (await known.link.catch(() => undefined))?.lost() ?? true;
      if (!dead) return known;
      if (hops.get(key) === known) hops.delete(key);
      return await enter(key, open);
    }
    const hop: Hop = { link: open(), users: 1 };
    hops.set(key, hop);
    hop.link.catch(() => {
      if (hops.get(key) === hop) hops.delete(key);
    });
    return hop;
  };
  const leave = async (key: string, hop: Hop): Promise<void> => {
    hop.users--;
    if (hop.users > 0) return;
    if (hops.get(key) === hop) hops.delete(key);
    await (await hop.link.catch(() => undefined))?.close();
  };

  const through: SshHops['through'] = async (target, via, options) => {
    const key = hopKey(via);
    const hop = await enter(key, () =>
      via.jump === undefined ? openLink(via, options) : through(via, via.jump, options),
    );
    try {
      const bastion = await hop.link;
      const link = await openLink(target, options, async () => await dialTarget(bastion, target, via));
      return {
        ...link,
        close: async () => {
          await link.close();
          await leave(key, hop);
        },
      };
    } catch (error) {
      await leave(key, hop);
      throw error;
    }
  };
  return { through };
}

/** Two targets share a hop when it is the same host, entered by the same way and with the same keys. */
const hopKey = (via: SshTarget): string => {
  const { user, address, port, identityFiles, knownHosts, jump } = via;
  return JSON.stringify([user, address, port, identityFiles, knownHosts, jump === undefined ? null : hopKey(jump)]);
};

async function dialTarget(bastion: SshLink, target: SshTarget, via: SshTarget): Promise<Duplex> {
  try {
    return await bastion.dialer.tcp(target.address, target.port);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    if (error.refusal === 'prohibited')
      throw new OrchError('CONNECT_JUMP_REFUSED', `sshd on ${via.name} forwards no connections`, {
        hint: 'set "AllowTcpForwarding local" in its sshd_config',
        cause: error,
      });
    throw new OrchError(
      'CONNECT_REFUSED',
      `${via.name} cannot reach ${target.address}:${target.port}: ${error.message}`,
      {
        hint: 'check the address as seen from the jump host, and that sshd runs there',
        retryable: true,
        cause: error,
      },
    );
  }
}
