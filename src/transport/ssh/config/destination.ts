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
/** Nobody has so many in a row: they name one another without end. */
const MOST_HOPS = 16;

/**
 * Decides how a host is reached. What the settings say wins, then OpenSSH's configuration, then its defaults; each jump
 * host is looked up by its own name. Connects to nothing.
 *
 * @throws OrchError CONNECT_CONFIG_UNSUPPORTED | CONNECT_CONFIG_INVALID | CONNECT_CONFIG_UNREADABLE | CONNECT_JUMP_INVALID |
 *   CONNECT_JUMP_LOOP | CONNECT_USER_UNKNOWN
 * @example const target = await resolveTarget('gw-1', { address: '10.0.0.7', user: 'ops' }, sshConfig())
 */
export async function resolveTarget(name: string, settings: SshSettings, config: SshConfig): Promise<SshTarget> {
  return await resolve({ name, settings, way: [] }, config);
}

interface Wanted {
  readonly name: string;
  readonly settings: SshSettings;
  /** What holds only where nothing else is said: a jump host of the inventory is entered like the host behind it. */
  readonly otherwise?: Pick<SshSettings, 'user' | 'identityFile' | 'password'>;
  /** The hosts that this one is on the way to. */
  readonly way: readonly string[];
}

async function resolve({ name, settings, otherwise = {}, way }: Wanted, config: SshConfig): Promise<SshTarget> {
  const { address, become, becomePassword } = settings;
  const here = [...way, writtenJumpHosts([{ host: address, ...settings }])];
  // With tokens a circle has another name each time round.
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
 * Whom to log in as. A jump host is given the password of the host behind it only where it is certain that OpenSSH's
 * configuration names nobody else for it.
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

/** The last of a chain is the nearest to the host; the others are the way to it. */
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

/** OpenSSH's own jump hosts are entered as OpenSSH does: nothing of the host behind holds for them. */
function fallbackOf({ settings, otherwise, way }: Wanted): Pick<SshSettings, 'user' | 'identityFile' | 'password'> {
  const { user, identityFile, password } = settings;
  if (way.length > 1) return otherwise ?? {};
  return defined({ user, identityFile, password });
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
