import { defined } from '../../../core/base/data.ts';
import type { SshSettings } from '../../../core/host/ssh-settings.ts';
import type { SshTarget } from '../target.ts';
import type { HostConfig, SshConfig } from './config.ts';
import { hostKeySettings, loginSettings, pathExpander, refuseUnsupported, timing } from './destination-settings.ts';
import {
  expandJumpHost,
  type JumpHost,
  type JumpTokens,
  jumpLoop,
  parseJumpHosts,
  writtenJumpHosts,
} from './jump-hosts.ts';
import { localUser } from './local-user.ts';

const DEFAULT_PORT = 22;
/** A longer chain means that jump hosts name each other in a circle. */
const MOST_HOPS = 16;

/**
 * Resolves how a host is reached. The inventory's settings win, then OpenSSH's configuration, then its defaults. Each
 * jump host is resolved by its own name. Makes no connection.
 *
 * @throws OrchError CONNECT_CONFIG_UNSUPPORTED | CONNECT_CONFIG_INVALID | CONNECT_CONFIG_UNREADABLE |
 *   CONNECT_JUMP_INVALID |
 *   CONNECT_JUMP_LOOP | CONNECT_USER_UNKNOWN
 * @example const target = await resolveTarget('gw-1', { address: '10.0.0.7', user: 'ops' }, sshConfig())
 */
export async function resolveTarget(name: string, settings: SshSettings, config: SshConfig): Promise<SshTarget> {
  return await resolve({ name, settings, way: [] }, config);
}

interface Wanted {
  readonly name: string;
  readonly settings: SshSettings;
  /** Fallback settings: a jump host of the inventory uses the login of the host behind it. */
  readonly otherwise?: Pick<SshSettings, 'user' | 'identityFile' | 'password'>;
  /** The hosts that this one is a jump host for. */
  readonly way: readonly string[];
}

async function resolve({ name, settings, otherwise = {}, way }: Wanted, config: SshConfig): Promise<SshTarget> {
  const { address, become, becomePassword } = settings;
  const here = [...way, writtenJumpHosts([{ host: address, ...settings }])];
  // With tokens, a circle has other names in each round.
  if (way.includes(here.at(-1) ?? '') || way.length > MOST_HOPS)
    throw jumpLoop(`the jump hosts lead in a circle: ${here.toReversed().slice(0, MOST_HOPS).join(' > ')}`, address);
  const found = await config.lookup({
    address,
    ...defined({ file: settings.config, port: settings.port, user: settings.user }),
  });
  refuseUnsupported(name, settings, found);
  const { user, password } = await loginOf(settings, otherwise, found, config);
  const port = settings.port ?? numberOf(found.first('port')) ?? DEFAULT_PORT;
  const hostName = found.first('hostname') ?? address;
  const path = pathExpander({ address, hostName, port, user, config: found });
  const tokens = { h: hostName, n: address, p: String(port), r: user };
  const via = await jumpHost({ name, settings, otherwise, way: here }, { found, tokens, config });
  return {
    name,
    address: hostName,
    port,
    user,
    ...loginSettings(settings.identityFile, otherwise.identityFile, found, path, config),
    ...defined({ password }),
    ...hostKeySettings(settings.knownHosts, found, path, config),
    ...defined({ jump: via }),
    become: become ?? (user === 'root' ? 'none' : 'sudo'),
    ...defined({ becomePassword }),
    ...timing(settings.connectTimeoutMs, found),
  };
}

/**
 * The login user. A jump host gets the password of the host behind it only if OpenSSH's configuration certainly sets no
 * other user for it.
 */
async function loginOf(
  settings: SshSettings,
  otherwise: NonNullable<Wanted['otherwise']>,
  found: HostConfig,
  config: SshConfig,
): Promise<Pick<SshTarget, 'user' | 'password'>> {
  const given = settings.user ?? found.first('user');
  const inherits = given === undefined && otherwise.user !== undefined;
  const names = inherits ? await found.namesLocalUser() : false;
  const user = given ?? (names === true ? undefined : otherwise.user) ?? localUser();
  const inherited = user === otherwise.user ? otherwise.password : undefined;
  if (names === undefined && settings.password === undefined && inherited !== undefined)
    config.warn(
      `ssh did not report whether its configuration names a user for the jump host ${settings.address}, so the password of the host behind it is not sent to it; write "jump: ${user}@${settings.address}" to send it`,
    );
  const password = settings.password ?? (names === undefined ? undefined : inherited);
  return { user, ...defined({ password }) };
}

/** The last one of a chain is next to the host; the others lead to it. */
async function jumpHost(
  behind: Wanted,
  { found, tokens, config }: { readonly found: HostConfig; readonly tokens: JumpTokens; readonly config: SshConfig },
): Promise<SshTarget | undefined> {
  const { settings } = behind;
  const given = settings.jump ?? found.first('proxyjump');
  if (given === undefined || given === 'none') return undefined;
  const written = parseJumpHosts(given, behind.name);
  const chain = settings.jump === undefined ? written.map((host) => expandJumpHost(host, tokens)) : written;
  const last: JumpHost | undefined = chain.at(-1);
  if (last === undefined) return undefined;
  const { knownHosts, connectTimeoutMs, config: file } = settings;
  const before = chain.slice(0, -1);
  return await resolve(
    {
      name: `${writtenJumpHosts([last])} (jump host of ${behind.name})`,
      settings: {
        address: last.host,
        ...defined({ user: last.user, port: last.port, config: file, knownHosts, connectTimeoutMs }),
        ...(before.length === 0 ? {} : { jump: writtenJumpHosts(before) }),
        become: 'none',
      },
      otherwise: settings.jump === undefined ? {} : fallbackOf(behind),
      way: behind.way,
    },
    config,
  );
}

/** OpenSSH's own jump hosts follow OpenSSH's rules: the settings of the host behind do not apply. */
function fallbackOf({ settings, otherwise, way }: Wanted): Pick<SshSettings, 'user' | 'identityFile' | 'password'> {
  const { user, identityFile, password } = settings;
  if (way.length > 1) return otherwise ?? {};
  return defined({ user, identityFile, password });
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
