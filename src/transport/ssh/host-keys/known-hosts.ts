import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { KnownHost, KnownHosts } from './known-hosts-lines.ts';

/** What the files say of a key that a host presents. Only `ok` is a yes. */
export type KeyVerdict =
  | { readonly state: 'ok'; readonly line: KnownHost }
  | { readonly state: 'revoked' | 'changed'; readonly line: KnownHost }
  /** Known by keys of other types only. */
  | { readonly state: 'other-type'; readonly line: KnownHost; readonly types: readonly string[] }
  /** `authority`: a @cert-authority line speaks for this host, which only certificates could satisfy. */
  | { readonly state: 'unknown'; readonly authority?: KnownHost };

/** What a host is looked up by. */
export interface HostKeyOwner {
  readonly address: string;
  readonly port: number;
  readonly hostKeyAlias?: string;
  /** The host to go through: behind another one the same address may be another host. */
  readonly jump?: HostKeyOwner;
}

/** How a host stands in known_hosts: `gw-1.example.com`, `[10.0.0.7]:2222` off the default port, or its alias alone. */
export const knownHostName = ({ address, port, hostKeyAlias }: HostKeyOwner): string =>
  hostKeyAlias?.toLowerCase() ?? atPort(canonical(address), port);

/**
 * Judges a host's key: revoked beats ok beats changed beats known by another type. As OpenSSH does, a host on another
 * port that no line names by it may be vouched for by a line without a port, but is never judged changed by one.
 */
export function judgeHostKey(known: KnownHosts, owner: HostKeyOwner, key: Buffer): KeyVerdict {
  const lines = linesFor(known, owner);
  const { named, portless } = lines;
  const revoked = [...named, ...portless].find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked !== undefined) return { state: 'revoked', line: revoked };
  const ok = vouching(lines).find((line) => line.key.equals(key));
  if (ok !== undefined) return { state: 'ok', line: ok };
  const plain = plainOf(named);
  const type = hostKeyType(key);
  const changed = plain.find((line) => line.type === type);
  if (changed !== undefined) return { state: 'changed', line: changed };
  const [other] = plain;
  if (other !== undefined)
    return { state: 'other-type', line: other, types: [...new Set(plain.map((line) => line.type))] };
  const authority = [...named, ...portless].find((line) => line.marker === 'cert-authority');
  return authority === undefined ? { state: 'unknown' } : { state: 'unknown', authority };
}

/** Types of the keys that a host is known by. */
export const knownKeyTypes = (known: KnownHosts, owner: HostKeyOwner): readonly string[] => [
  ...new Set(vouching(linesFor(known, owner)).map((line) => line.type)),
];

/** Places of lines that seem to speak for a host, but cannot be read. */
export const damagedLines = (known: KnownHosts, owner: HostKeyOwner): readonly string[] => [
  ...new Set([...namesOf(owner), ...portlessNamesOf(owner)].flatMap((name) => known.damaged(name))),
];

interface Lines {
  readonly named: readonly KnownHost[];
  readonly portless: readonly KnownHost[];
}

const plainOf = (lines: readonly KnownHost[]): readonly KnownHost[] => lines.filter(({ marker }) => marker === null);

/** What listens on another port of the same address may be anybody's: its key stands in for none that is known. */
const vouching = ({ named, portless }: Lines): readonly KnownHost[] => {
  const plain = plainOf(named);
  return plain.length > 0 ? plain : plainOf(portless);
};

function linesFor(known: KnownHosts, owner: HostKeyOwner): Lines {
  const lines = (names: readonly string[]): readonly KnownHost[] => [...new Set(names.flatMap((one) => known.of(one)))];
  return { named: lines(namesOf(owner)), portless: lines(portlessNamesOf(owner)) };
}

const portlessNamesOf = (owner: HostKeyOwner): readonly string[] =>
  owner.port !== 22 && owner.hostKeyAlias === undefined ? namesOf({ ...owner, port: 22 }) : [];

/** An IPv6 address may stand in the file as it was typed, or in its short form. */
const namesOf = (owner: HostKeyOwner): readonly string[] => [
  ...new Set([
    knownHostName(owner),
    ...(owner.hostKeyAlias === undefined ? [atPort(owner.address.toLowerCase(), owner.port)] : []),
  ]),
];

const atPort = (address: string, port: number): string => (port === 22 ? address : `[${address}]:${port}`);

function canonical(address: string): string {
  const url = isIPv6(address) ? URL.parse(`http://[${address}]/`) : null;
  return url?.hostname.slice(1, -1) ?? address.toLowerCase();
}

/** The type named inside a public key's own encoding, RFC 4253 §6.6. */
export const hostKeyType = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

/** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
