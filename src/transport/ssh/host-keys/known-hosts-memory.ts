import { OrchError } from '../../../core/base/errors.ts';
import { type HostKeyOwner, hostKeyType, judgeHostKey, knownHostName } from './known-hosts.ts';
import type { KnownHost, KnownHosts } from './known-hosts-lines.ts';

/** Replaces a file name in messages. */
export const THIS_RUN = 'this run';

const lines = new Map<string, readonly KnownHost[]>();

/** Hosts behind different jump hosts often have the same address; then no file should keep their keys. */
const way = ({ jump }: HostKeyOwner): string => (jump === undefined ? '' : `${way(jump)}${knownHostName(jump)} `);

/** Keys of hosts without a known_hosts file: this process remembers them, so that a reconnect accepts no other key. */
export const rememberedHosts = (owner: HostKeyOwner): KnownHosts => ({
  of: (name) => lines.get(`${way(owner)}${name}`) ?? [],
  damaged: () => [],
});

/** @throws OrchError CONNECT_HOST_KEY_CHANGED */
export function rememberHost(owner: HostKeyOwner, key: Buffer): void {
  const { state } = judgeHostKey(rememberedHosts(owner), owner, key);
  if (state === 'ok') return;
  const name = knownHostName(owner);
  if (state !== 'unknown') throw twoKeys(name);
  const line: KnownHost = { file: THIS_RUN, at: THIS_RUN, marker: null, type: hostKeyType(key), key: Buffer.from(key) };
  lines.set(`${way(owner)}${name}`, [line]);
}

/** Two different keys arrived at once: one server is an impostor, and it is unknown which. */
export const twoKeys = (name: string): OrchError =>
  new OrchError('CONNECT_HOST_KEY_CHANGED', `two different keys were presented for ${name} at once`, {
    hint: 'compare the fingerprints on the hosts; give hosts that share an address a HostKeyAlias each',
  });
