import type { Duplex } from 'node:stream';
import { OrchError } from '../../../core/base/errors.ts';
import type { Ask } from '../ask.ts';
import { hostKeyCheck, type NewKey } from '../host-keys/host-key-check.ts';
import { fingerprint, hostKeyType, knownHostName } from '../host-keys/known-hosts.ts';
import { appendKnownHost, DEFAULT_KNOWN_HOSTS, loadKnownHosts } from '../host-keys/known-hosts-file.ts';
import { type SshLink, sshLink } from '../link/link.ts';
import { startLogin } from '../login/login.ts';
import type { SshTarget } from '../target.ts';
import { algorithms } from './algorithms.ts';
import { coalesceWrites } from './coalesce-writes.ts';
import { connectFault } from './connect-errors.ts';
import { ConnectWatch, type Dial, dialDirectly } from './connect-watch.ts';
import { type Governor, processGovernor } from './governor.ts';
import { quickenCipher } from './quick-cipher.ts';
import { leaveHostKeysUnproven } from './unproven-host-keys.ts';

const KEEPALIVE_MS = 10_000;
const KEEPALIVE_MISSES = 3;

export interface NewHostKey {
  readonly host: string;
  /** The name in known_hosts: `[10.0.0.7]:2222`. */
  readonly name: string;
  readonly type: string;
  readonly fingerprint: string;
  readonly file: string;
  /** Lines of known_hosts for the host that could not be used, with the reason. */
  readonly passedOver: readonly string[];
}

export interface LinkOptions {
  readonly acceptNewHostKeys: boolean;
  /** Called with each key added to known_hosts. */
  readonly onNewHostKey?: (key: NewHostKey) => void;
  /** Asks for passphrases and passwords, and passes on a server's prompts. Default: nothing is asked. */
  readonly ask?: Ask;
  readonly signal?: AbortSignal;
  /** Default: the one shared by all connections of this process. */
  readonly governor?: Governor;
}

/** Opens one SSH connection: checks the host key and logs in. `dial` opens a new stream to the target; default: TCP. */
export async function openLink(
  target: SshTarget,
  options: LinkOptions,
  dial: Dial = dialDirectly(target),
): Promise<SshLink> {
  const governor = options.governor ?? processGovernor();
  return await governor.handshake(target, () => attemptLink(target, options, dial), options.signal);
}

async function attemptLink(target: SshTarget, options: LinkOptions, dial: Dial): Promise<SshLink> {
  const files = target.knownHosts ?? DEFAULT_KNOWN_HOSTS;
  const check = hostKeyCheck(
    await loadKnownHosts(files, target),
    target,
    options.acceptNewHostKeys || target.acceptNewHostKey === true,
  );
  const { NodeSSH } = await import('node-ssh');
  using watch = new ConnectWatch(target, options.signal);
  const login = await startLogin(target, { ask: options.ask, paused: (question) => watch.paused(question) });
  let sock: Duplex | undefined;
  try {
    sock = coalesceWrites(await watch.reach(dial));
    const session = new NodeSSH();
    const connecting = session.connect({
      sock,
      username: target.user,
      authHandler: login.handler,
      hostVerifier: check.verify,
      algorithms: algorithms(check.algorithms),
      // `ConnectWatch` has the time limit: it knows the stages.
      readyTimeout: 0,
      keepaliveInterval: target.keepalive?.everyMs ?? KEEPALIVE_MS,
      keepaliveCountMax: target.keepalive?.misses ?? KEEPALIVE_MISSES,
    });
    // An early failure must not end this process before it is awaited.
    connecting.catch(() => {});
    // connect() creates its client before it first waits, and drops it when the connection ends.
    const client = session.connection;
    const link = client === null ? undefined : sshLink(client, sock);
    client?.setMaxListeners(0);
    if (client !== null) quickenCipher(client);
    if (client !== null) leaveHostKeysUnproven(client);
    if (client !== null) login.follow(client);
    client?.once('handshake', () => {
      watch.stage = 'login';
    });
    await watch.race(connecting);
    if (link === undefined)
      throw new OrchError('CONNECT_UNREACHABLE', 'no connection was made', {
        hint: 'run again; if that repeats, read the log of its sshd',
      });
    await rememberNewKey(target, options, files[0], check.accepted());
    return link;
  } catch (error) {
    sock?.destroy();
    const question = options.signal?.aborted ? undefined : login.pending();
    if (question !== undefined) {
      await question;
      return await attemptLink(target, options, dial);
    }
    throw check.refusal() ?? (await login.fault(error)) ?? connectFault(error, target, watch);
  }
}

/** Only now: the host has shown by its signature that the key is its own. */
async function rememberNewKey(
  target: SshTarget,
  options: LinkOptions,
  file: string | undefined,
  accepted: NewKey | undefined,
): Promise<void> {
  if (accepted === undefined || file === undefined) return;
  const { key, passedOver } = accepted;
  await appendKnownHost(file, { owner: target, key, hash: target.hashNewHostKey === true });
  const name = knownHostName(target);
  const notice = { host: target.name, name, type: hostKeyType(key), fingerprint: fingerprint(key), file, passedOver };
  options.onNewHostKey?.(notice);
}
