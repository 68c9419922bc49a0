import { OrchError } from '../../../core/base/errors.ts';
import { type HostKeyOwner, hostKeyType, judgeHostKey, knownHostName } from './known-hosts.ts';
import type { KnownHost, KnownHosts } from './known-hosts-lines.ts';

/** What stands in a message where a file's name would. */
export const THIS_RUN = 'this run';

const lines = new Map<string, readonly KnownHost[]>();

/** Addresses are often the same behind different jump hosts, and then no file is to keep their keys. */
const way = ({ jump }: HostKeyOwner): string => (jump === undefined ? '' : `${way(jump)}${knownHostName(jump)} `);

/** Keys of hosts whose known_hosts files keep none: they hold for this process, so that no other is let in on reconnecting. */
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

/** Somebody is not who he says, and nobody can tell who. */
export const twoKeys = (name: string): OrchError =>
  new OrchError('CONNECT_HOST_KEY_CHANGED', `two different keys were presented for ${name} at once`, {
    hint: 'compare the fingerprints on the hosts; give hosts that share an address a HostKeyAlias each',
  });
