import { bracketed } from '../../../core/base/address-text.ts';
import { defined } from '../../../core/base/data.ts';
import { OrchError } from '../../../core/base/errors.ts';
import { expandTokens } from './tokens.ts';

export interface JumpHost {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/**
 * Parses jump hosts, the first connected first.
 *
 * @throws OrchError CONNECT_JUMP_INVALID
 * @example parseJumpHosts('ops@outer:2222,inner', 'gw-1') // [{ host: 'outer', user: 'ops', port: 2222 }, { host:
 *   'inner' }]
 */
export function parseJumpHosts(text: string, of: string): readonly JumpHost[] {
  return text.split(',').map((one) => {
    const [, user, host, port] =
      /^(?:ssh:\/\/)?(?:([^\s]+)@)?(\[[^\]\s]+\]|[^:@\s]+)(?::(\d{1,5}))?\/?$/.exec(one.trim()) ?? [];
    const bare = host?.replace(/^\[(.*)\]$/, '$1');
    if (
      bare === undefined ||
      bare.startsWith('-') ||
      (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))
    )
      throw new OrchError('CONNECT_JUMP_INVALID', `"${one}" is not a jump host of ${of}`, {
        hint: 'write [user@]host[:port]; several are separated by commas',
      });
    return {
      host: bare,
      ...defined({ user, port: port === undefined ? undefined : Number(port) }),
    };
  });
}

/** Values of the tokens in a `ProxyJump`, from the host behind: `%h`, `%n`, `%p`, `%r`. */
export type JumpTokens = Readonly<Record<'h' | 'n' | 'p' | 'r', string>>;

/** Tokens are expanded last, as in OpenSSH: their values are never parsed. */
export const expandJumpHost = (jump: JumpHost, tokens: JumpTokens): JumpHost => ({
  ...jump,
  host: expandTokens(jump.host, tokens),
  ...defined({ user: jump.user && expandTokens(jump.user, tokens) }),
});

/** The error of a circle of jump hosts. */
export const jumpLoop = (says: string, address: string): OrchError =>
  new OrchError('CONNECT_JUMP_LOOP', says, {
    hint: `set "ProxyJump none" for ${address} in OpenSSH's configuration, before what sets it for all`,
  });

/** Jump hosts in OpenSSH's notation. */
export const writtenJumpHosts = (hosts: readonly JumpHost[]): string =>
  hosts
    .map(({ host, user, port }) => {
      return `${user === undefined ? '' : `${user}@`}${bracketed(host)}${port === undefined ? '' : `:${port}`}`;
    })
    .join(',');
