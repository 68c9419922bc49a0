import { OrchError } from '../core/errors.ts';
import type { Become } from './shell-process.ts';

/** How a host is reached. */
export interface SshTarget {
  /** The host's name in the inventory, for messages. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly identityFile?: string;
  /** Default: `~/.ssh/known_hosts` and `/etc/ssh/ssh_known_hosts`. New keys go to the first. */
  readonly knownHosts?: readonly string[];
  /** `[user@]host[:port]` to go through, with the same keys; its own host key is checked under its own name. */
  readonly jump?: string;
  readonly become: Become;
  readonly connectTimeoutMs: number;
}

/** The jump host as a target of its own. @throws OrchError CONNECT_JUMP_INVALID */
export function jumpTarget(target: SshTarget, jump: string): SshTarget {
  const match = /^(?:([^@\s]+)@)?(\[[^\]]+\]|[^:@\s]+)(?::(\d{1,5}))?$/.exec(jump);
  const address = match?.[2]?.replace(/^\[|\]$/g, '');
  if (match === null || address === undefined)
    throw new OrchError('CONNECT_JUMP_INVALID', `"${jump}" is not a jump host`, { hint: 'write [user@]host[:port]' });
  const { jump: _self, ...rest } = target;
  return {
    ...rest,
    name: `${jump} (jump host of ${target.name})`,
    address,
    port: Number(match[3] ?? 22),
    user: match[1] ?? target.user,
    become: 'none',
  };
}
