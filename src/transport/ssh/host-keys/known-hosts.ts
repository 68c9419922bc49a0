import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { KnownHost, KnownHosts } from './known-hosts-lines.ts';

/** The verdict of the files about a presented key. Only `ok` accepts it. */
export type KeyVerdict =
  | { readonly state: 'ok'; readonly line: KnownHost }
  | { readonly state: 'revoked' | 'changed'; readonly line: KnownHost }
  /** Only keys of other types are known. */
  | { readonly state: 'other-type'; readonly line: KnownHost; readonly types: readonly string[] }
  /** `authority`: a @cert-authority line names this host, which would need a certificate. */
  | { readonly state: 'unknown'; readonly authority?: KnownHost };

/** How a host is looked up. */
export interface HostKeyOwner {
  readonly address: string;
  readonly port: number;
  readonly hostKeyAlias?: string;
  /** The jump host: behind another one, the same address may be another host. */
  readonly jump?: HostKeyOwner;
}

/** A host's name in known_hosts: `gw-1.example.com`, `[10.0.0.7]:2222` for another port, or its alias alone. */
export const knownHostName = ({ address, port, hostKeyAlias }: HostKeyOwner): string =>
  hostKeyAlias?.toLowerCase() ?? atPort(canonical(address), port);

/**
 * Judges a host's key, by priority: revoked, ok, changed, known by another type. As in OpenSSH, a line without a port
 * may confirm a host on another port that no line names, but never marks it as changed.
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

/** Known key types of a host. */
export const knownKeyTypes = (known: KnownHosts, owner: HostKeyOwner): readonly string[] => [
  ...new Set(vouching(linesFor(known, owner)).map((line) => line.type)),
];

/** Positions of lines that seem to name a host but cannot be read. */
export const damagedLines = (known: KnownHosts, owner: HostKeyOwner): readonly string[] => [
  ...new Set([...namesOf(owner), ...portlessNamesOf(owner)].flatMap((name) => known.damaged(name))),
];

interface Lines {
  readonly named: readonly KnownHost[];
  readonly portless: readonly KnownHost[];
}

const plainOf = (lines: readonly KnownHost[]): readonly KnownHost[] => lines.filter(({ marker }) => marker === null);

/** Another port of the same address may be any server: a known key of the host does not make its key a changed one. */
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

/** An IPv6 address may be written as typed, or in its short form. */
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

/** The type inside a public key's own encoding, RFC 4253 §6.6. */
export const hostKeyType = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

/** In the form of `ssh-keygen -l`: `SHA256:` and base64 without padding. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
