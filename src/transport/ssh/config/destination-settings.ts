import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { defined } from '../../../core/base/data.ts';
import { OrchError } from '../../../core/base/errors.ts';
import type { SshSettings } from '../../../core/host/ssh-settings.ts';
import { GLOBAL_KNOWN_HOSTS, NO_KNOWN_HOSTS, USER_KNOWN_HOSTS } from '../host-keys/known-hosts-file.ts';
import type { SshTarget } from '../target.ts';
import type { HostConfig, SshConfig } from './config.ts';
import { passwdHome } from './config-files.ts';
import { localUser } from './local-user.ts';
import { expandTokens, expandVariables } from './tokens.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_ALIVE = { everyMs: 10_000, misses: 3 } as const;

/** Makes a configured path absolute and expands its tokens and variables. */
export type ExpandPath = (path: string) => string;

export function pathExpander(of: {
  readonly address: string;
  readonly hostName: string;
  readonly port: number;
  readonly user: string;
  readonly config: HostConfig;
}): ExpandPath {
  const { address, hostName, user, config } = of;
  const port = String(of.port);
  const here = hostname();
  const jump = config.first('proxyjump') ?? '';
  const tokens = () => ({
    ...{ d: passwdHome(), h: hostName, n: address, p: port, r: user, j: jump, l: here, L: here.split('.')[0] ?? here },
    ...{ k: config.first('hostkeyalias') ?? address, i: String(process.getuid?.() ?? '') },
    C: createHash('sha1').update(`${here}${hostName}${port}${user}${jump}`).digest('hex'),
    // Lazy: only a path with this token needs a local user name.
    get u() {
      return localUser();
    },
  });
  return (path) => {
    const open = expandVariables(path);
    const full = open.includes('%') ? expandTokens(open, tokens()) : open;
    return full.replace(/^~(?=\/|$)/, passwdHome());
  };
}

/** Refuses settings that would lead to another connection than the configured one. */
export function refuseUnsupported(name: string, settings: SshSettings, found: HostConfig): void {
  const refuse = (keyword: string, setting: string, hint: string): never => {
    throw new OrchError(
      'CONNECT_CONFIG_UNSUPPORTED',
      `${setting} is set for ${name} (${found.place(keyword)}) and is not supported: ${found.all(keyword).join(' ')}`,
      { hint },
    );
  };
  const has = (keyword: string): boolean =>
    found.first(keyword) !== undefined && !/^none$/i.test(found.first(keyword) ?? '');
  if (has('proxycommand') && settings.jump === undefined)
    refuse('proxycommand', 'ProxyCommand', proxyRemedy(found.first('proxycommand') ?? ''));
  if (has('bindaddress')) refuse('bindaddress', 'BindAddress', 'remove it for this host: the route decides');
  if (has('bindinterface')) refuse('bindinterface', 'BindInterface', 'remove it for this host: the route decides');
  if (has('revokedhostkeys'))
    refuse('revokedhostkeys', 'RevokedHostKeys', 'put the keys into known_hosts, in lines that begin with @revoked');
  if (has('knownhostscommand') && settings.knownHosts === undefined)
    refuse('knownhostscommand', 'KnownHostsCommand', 'put its output into a file and name that by ssh.known_hosts');
}

/** Most such commands are older forms of ProxyJump. */
function proxyRemedy(command: string): string {
  const words = command.split(/\s+/).filter((word) => !/^-|%|^ssh$|\/ssh$/.test(word));
  const jump = /^\S*ssh\b.* -W /.test(command) ? words.at(-1) : undefined;
  return `write "ProxyJump ${jump ?? 'HOST'}" instead, or set ssh.jump in the inventory ("none" to connect directly)`;
}

/** The keys to offer. */
export function loginSettings(
  given: string | undefined,
  otherwise: string | undefined,
  found: HostConfig,
  path: ExpandPath,
  config: SshConfig,
): Pick<SshTarget, 'identityFiles' | 'identitiesOnly' | 'identityAgent' | 'notes'> {
  const configured = found.all('identityfile');
  const files = configured.length > 0 ? configured.filter((file) => file !== 'none').map(path) : undefined;
  const identityFiles = given !== undefined ? [given] : (files ?? (otherwise === undefined ? undefined : [otherwise]));
  const agent = found.first('identityagent');
  const notes = unusable(found, config);
  return {
    ...defined({ identityFiles }),
    ...(isYes(found.first('identitiesonly')) ? { identitiesOnly: true } : {}),
    ...(agent === undefined ? {} : { identityAgent: /^(none|SSH_AUTH_SOCK|\$\w+)$/.test(agent) ? agent : path(agent) }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** Login methods that OpenSSH would use too. Reported at once, and again if the login fails. */
function unusable(found: HostConfig, config: SshConfig): readonly string[] {
  const leaveOut = (setting: string, remedy: string): readonly string[] =>
    found
      .all(setting.toLowerCase())
      .filter((value) => !/^(none|internal)$/i.test(value))
      .map((value) => {
        const note = `${setting} ${value} left out: ${remedy}`;
        config.warn(`${note} (${found.place(setting.toLowerCase())})`);
        return note;
      });
  return [
    ...leaveOut('CertificateFile', 'certificates are not supported, a plain key in authorized_keys is needed'),
    ...leaveOut('PKCS11Provider', 'load the key into an ssh-agent'),
    ...leaveOut('SecurityKeyProvider', 'load the key into an ssh-agent'),
  ];
}

/** The files and the name for checking the host's key. */
export function hostKeySettings(
  given: string | undefined,
  found: HostConfig,
  path: ExpandPath,
  config: SshConfig,
): Pick<SshTarget, 'knownHosts' | 'hostKeyAlias' | 'acceptNewHostKey' | 'hashNewHostKey'> {
  const user = found.all('userknownhostsfile');
  const global = found.all('globalknownhostsfile');
  const own =
    user.length === 0 ? USER_KNOWN_HOSTS : user.map((file) => (file === 'none' ? NO_KNOWN_HOSTS : path(file)));
  const shared = global.length === 0 ? GLOBAL_KNOWN_HOSTS : global.filter((file) => file !== 'none').map(path);
  const knownHosts = given !== undefined ? [given] : user.length + global.length > 0 ? [...own, ...shared] : undefined;
  const strict = found.first('stricthostkeychecking')?.toLowerCase() ?? 'ask';
  const off = /^(no|off|false)$/.test(strict);
  if (off)
    config.warn(
      `StrictHostKeyChecking ${strict === 'false' ? 'no' : strict} (${found.place('stricthostkeychecking')}) is taken as accept-new: a changed host key is still refused`,
    );
  const alias = found.first('hostkeyalias');
  return {
    ...defined({ knownHosts, hostKeyAlias: alias }),
    ...(off || strict === 'accept-new' ? { acceptNewHostKey: true } : {}),
    ...(isYes(found.first('hashknownhosts')) ? { hashNewHostKey: true } : {}),
  };
}

/** Time limits of the login and of later signs of life. */
export function timing(
  given: number | undefined,
  found: HostConfig,
): Pick<SshTarget, 'connectTimeoutMs' | 'keepalive'> {
  const every = milliseconds(found.first('serveraliveinterval'));
  const misses = Number(found.first('serveralivecountmax') ?? DEFAULT_ALIVE.misses);
  const keepalive = { everyMs: every ?? DEFAULT_ALIVE.everyMs, misses };
  const usual = keepalive.everyMs === DEFAULT_ALIVE.everyMs && misses === DEFAULT_ALIVE.misses;
  return {
    connectTimeoutMs: given ?? milliseconds(found.first('connecttimeout')) ?? DEFAULT_TIMEOUT_MS,
    ...(usual ? {} : { keepalive }),
  };
}

const isYes = (value: string | undefined): boolean => /^(yes|true)$/i.test(value ?? '');

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** TIME FORMATS of sshd_config(5), such as `1h30m`. No text, or zero, means no own limit. */
function milliseconds(text: string | undefined): number | undefined {
  const parts = /^(\d+[smhdw]?)+$/i.test(text ?? '') ? (text ?? '').matchAll(/(\d+)([smhdw]?)/gi) : [];
  const seconds = [...parts].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (SECONDS[unit.toLowerCase()] ?? 1),
    0,
  );
  return seconds === 0 ? undefined : seconds * 1000;
}
