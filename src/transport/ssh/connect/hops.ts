import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { OrchError } from '../../../core/base/errors.ts';
import type { Secret } from '../../../core/base/secret.ts';
import { DialError } from '../../sockets/dialer.ts';
import type { SshLink } from '../link/link.ts';
import type { SshTarget } from '../target.ts';
import { type LinkOptions, openLink } from './client.ts';
import { connectInterrupted } from './connect-errors.ts';

/** How often a route that is lost during a connection attempt is opened again, and the delay before each. */
const ROUNDS = 3;
const PAUSE_MS = 250;

/** Connections to jump hosts, one per jump host for all targets behind it; each lives while it is used. */
export interface SshHops {
  /**
   * A link to the target through its jump host, which may be behind another. If the jump host is unreachable, all
   * waiting callers fail at once with the same cause; later callers try again.
   */
  through(target: SshTarget, jump: SshTarget, options: LinkOptions): Promise<SshLink>;
}

interface Hop {
  readonly key: string;
  readonly opening: Promise<SshLink>;
  link: SshLink | undefined;
  users: number;
}

export function sshHops(): SshHops {
  const hops = new Map<string, Hop>();

  const enter = (via: SshTarget, options: LinkOptions): Hop => {
    const key = hopKey(via);
    const known = hops.get(key);
    if (known !== undefined && known.link?.lost() !== true) {
      known.users++;
      return known;
    }
    const opening = via.jump === undefined ? openLink(via, options) : through(via, via.jump, options);
    const hop: Hop = { key, opening, link: undefined, users: 1 };
    hops.set(key, hop);
    opening.then(
      (link) => {
        hop.link = link;
      },
      () => forget(hop),
    );
    return hop;
  };
  const forget = (hop: Hop): void => {
    if (hops.get(hop.key) === hop) hops.delete(hop.key);
  };
  const leave = async (hop: Hop): Promise<void> => {
    hop.users--;
    if (hop.users > 0) return;
    forget(hop);
    await hop.link?.close();
  };

  const through: SshHops['through'] = async (target, via, options) => {
    for (let round = 1; ; round++) {
      const hop = enter(via, options);
      const bastion = await hop.opening.catch((error: unknown) => {
        throw throughHop(error, via);
      });
      try {
        const link = await openLink(target, options, () => dialTarget(bastion, target, via));
        const close = async (): Promise<void> => {
          await link.close();
          await leave(hop);
        };
        let closed: Promise<void> | undefined;
        return {
          ...link,
          close: () => {
            closed ??= close();
            return closed;
          },
        };
      } catch (error) {
        const isOver = bastion.lost();
        await leave(hop);
        // The route was lost during the attempt: all callers share the next one.
        if (!isOver || options.signal?.aborted || round >= ROUNDS) throw error;
        await delay(round * PAUSE_MS, undefined, { signal: options.signal }).catch(() => {
          throw connectInterrupted();
        });
      }
    }
  };
  return { through };
}

/** A number for each password, so that a key can distinguish them without containing one. */
const passwordIds = new Map<string, number>();
const passwordId = (password: Secret | undefined): number => {
  if (password === undefined) return 0;
  const text = password.reveal();
  const id = passwordIds.get(text) ?? passwordIds.size + 1;
  passwordIds.set(text, id);
  return id;
};

/** Two targets share a hop if it is the same host, with the same route and the same keys. */
const hopKey = (via: SshTarget): string => {
  const { user, address, port, identityFiles, identitiesOnly, identityAgent, knownHosts, hostKeyAlias, jump } = via;
  const way = jump === undefined ? null : hopKey(jump);
  return JSON.stringify([
    ...[user, address, port, identityFiles, identitiesOnly, identityAgent, knownHosts, hostKeyAlias],
    ...[via.acceptNewHostKey, passwordId(via.password), way],
  ]);
};

/** The jump host's own failure, for each caller behind it. */
function throughHop(error: unknown, via: SshTarget): unknown {
  if (!(error instanceof OrchError)) return error;
  const { code, hint, retryable, details } = error;
  return new OrchError(code, `the jump host ${nameOf(via)}: ${error.message}`, {
    hint,
    details,
    retryable,
    cause: error,
  });
}

async function dialTarget(bastion: SshLink, target: SshTarget, via: SshTarget): Promise<Duplex> {
  try {
    return await bastion.dialer.tcp(target.address, target.port);
  } catch (error) {
    throw error instanceof DialError ? dialFault(error, target, via) : error;
  }
}

/** The reason from the jump host's sshd why it could not reach a target. */
function dialFault(cause: DialError, target: SshTarget, via: SshTarget): OrchError {
  const from = nameOf(via);
  const where = `${target.address}:${target.port}`;
  if (cause.refusal === 'prohibited')
    return new OrchError('CONNECT_JUMP_REFUSED', `sshd on the jump host ${from} forwards no connection to ${where}`, {
      hint: 'set "AllowTcpForwarding local" in its sshd_config, and let PermitOpen name the target',
      cause,
    });
  const says = `the jump host ${from} cannot reach ${where}: ${cause.message}`;
  const hint = 'check the address as seen from the jump host, and that sshd runs there';
  if (/refused/i.test(cause.message)) return new OrchError('CONNECT_REFUSED', says, { hint, retryable: true, cause });
  if (/timed out/i.test(cause.message))
    return new OrchError('CONNECT_TIMED_OUT', says, { hint, retryable: true, cause });
  const unknownName = /unknown host|not known|resolution/i.test(cause.message);
  return new OrchError('CONNECT_UNREACHABLE', says, { hint, retryable: !unknownName, cause });
}

const nameOf = (via: SshTarget): string => `${via.user}@${via.address}:${via.port}`;
