import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { OrchError } from '../core/errors.ts';
import { connectFault } from './connect-faults.ts';
import { hostKeyCheck } from './host-key-check.ts';
import { fingerprint, hostKeyType, knownHostName } from './known-hosts.ts';
import { appendKnownHost, DEFAULT_KNOWN_HOSTS, loadKnownHosts } from './known-hosts-file.ts';
import { offerInOrder, sshKeys } from './ssh-keys.ts';
import { type SshLink, sshLink } from './ssh-link.ts';
import type { SshTarget } from './ssh-target.ts';

/** Attempts at a server that drops connections because too many come at once. */
const ATTEMPTS = 6;
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_MISSES = 3;

export interface NewHostKey {
  readonly host: string;
  /** As it stands in known_hosts: `[10.0.0.7]:2222`. */
  readonly name: string;
  readonly type: string;
  readonly fingerprint: string;
  readonly file: string;
}

export interface LinkOptions {
  readonly acceptNewHostKeys: boolean;
  /** Told of each key that was added to known_hosts. */
  readonly onNewHostKey?: (key: NewHostKey) => void;
  readonly signal?: AbortSignal;
}

/** Opens one SSH connection: host key checked, logged in. `through` gives a fresh stream to the target, over a jump host. */
export async function openLink(
  target: SshTarget,
  options: LinkOptions,
  through?: () => Promise<Readable>,
): Promise<SshLink> {
  for (let attempt = 1; ; attempt++) {
    try {
      options.signal?.throwIfAborted();
      return await attemptLink(target, options, await through?.());
    } catch (error) {
      const throttled = error instanceof OrchError && error.code === 'CONNECT_THROTTLED';
      if (!throttled || attempt >= ATTEMPTS) throw error;
      // Spread out, or all that were dropped together come back together.
      await delay(
        attempt * (150 + Math.random() * 350),
        undefined,
        options.signal === undefined ? {} : { signal: options.signal },
      );
    }
  }
}

async function attemptLink(target: SshTarget, options: LinkOptions, sock: Readable | undefined): Promise<SshLink> {
  const files = target.knownHosts ?? DEFAULT_KNOWN_HOSTS;
  const check = hostKeyCheck(
    await loadKnownHosts(files),
    target,
    options.acceptNewHostKeys || target.acceptNewHostKey === true,
  );
  const keys = await sshKeys(target.user, target.identityFiles);
  const { NodeSSH } = await import('node-ssh');
  const session = new NodeSSH();
  const connecting = session.connect({
    ...(sock === undefined ? { host: target.address, port: target.port } : { sock }),
    username: target.user,
    authHandler: offerInOrder(keys.methods),
    hostVerifier: check.verify,
    algorithms: { serverHostKey: check.algorithms },
    readyTimeout: target.connectTimeoutMs,
    keepaliveInterval: target.keepalive?.everyMs ?? KEEPALIVE_MS,
    keepaliveCountMax: target.keepalive?.misses ?? KEEPALIVE_MISSES,
  });
  // connect() makes its client before it first waits, and lets go of it when the connection ends.
  const client = session.connection;
  const link = client === null ? undefined : sshLink(client);
  client?.setMaxListeners(0);
  client?.once('connect', () => client.setNoDelay(true));
  const onAbort = (): void => void client?.destroy();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connecting;
    if (link === undefined) throw new OrchError('CONNECT_UNREACHABLE', 'no connection was made');
    await rememberNewKey(target, options, files[0], check.accepted());
    return link;
  } catch (error) {
    client?.destroy();
    if (options.signal?.aborted) throw new OrchError('INTERRUPTED', 'connecting was interrupted');
    throw check.refusal() ?? connectFault(error, target, keys.notes);
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Only now: the host has proven by its signature that the key is its own. */
async function rememberNewKey(
  target: SshTarget,
  options: LinkOptions,
  file: string | undefined,
  key: Buffer | undefined,
): Promise<void> {
  if (key === undefined || file === undefined) return;
  await appendKnownHost(file, target.address, target.port, key);
  const name = knownHostName(target.address, target.port);
  options.onNewHostKey?.({ host: target.name, name, type: hostKeyType(key), fingerprint: fingerprint(key), file });
}
