import { createHash, createHmac } from 'node:crypto';

/** One line of a known_hosts file; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownHost {
  /** `~/.ssh/known_hosts:12`, for messages. */
  readonly at: string;
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

/** What the files say of a key that a host presents. Only `ok` is a yes. */
export type KeyVerdict =
  | { readonly state: 'ok' | 'revoked' | 'changed'; readonly at: string }
  /** Known by keys of other types only. */
  | { readonly state: 'other-type'; readonly at: string; readonly types: readonly string[] }
  /** `authority`: a @cert-authority line speaks for this host, which only certificates could satisfy. */
  | { readonly state: 'unknown'; readonly authority?: string };

export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line.trim().split(/\s+/);
    const marker = words[0] === '@revoked' ? 'revoked' : words[0] === '@cert-authority' ? 'cert-authority' : null;
    const [hosts, type, key] = marker === null ? words : words.slice(1);
    if (
      hosts === undefined ||
      type === undefined ||
      key === undefined ||
      hosts.startsWith('#') ||
      hosts.startsWith('@')
    )
      return [];
    return [{ at: `${file}:${index + 1}`, marker, hosts, type, key: Buffer.from(key, 'base64') }];
  });
}

/** How a host stands in known_hosts: `gw-1.example.com`, or `[10.0.0.7]:2222` off the default port. */
export const knownHostName = (address: string, port: number): string =>
  port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;

/**
 * Judges a host's key: revoked beats ok beats changed beats known by another type. As OpenSSH does, a host on another
 * port may be vouched for by a line without a port, but never judged changed by one.
 */
export function judgeHostKey(known: readonly KnownHost[], address: string, port: number, key: Buffer): KeyVerdict {
  const named = linesFor(known, address, port);
  const portless = port === 22 ? [] : linesFor(known, address, 22);
  const revoked = [...named, ...portless].find((line) => line.marker === 'revoked' && line.key.equals(key));
  if (revoked !== undefined) return { state: 'revoked', at: revoked.at };
  const plain = named.filter((line) => line.marker === null);
  const ok = [...plain, ...portless.filter((line) => line.marker === null)].find((line) => line.key.equals(key));
  if (ok !== undefined) return { state: 'ok', at: ok.at };
  const type = hostKeyType(key);
  const changed = plain.find((line) => line.type === type);
  if (changed !== undefined) return { state: 'changed', at: changed.at };
  const [other] = plain;
  if (other !== undefined)
    return { state: 'other-type', at: other.at, types: [...new Set(plain.map((line) => line.type))] };
  const authority = named.find((line) => line.marker === 'cert-authority');
  return authority === undefined ? { state: 'unknown' } : { state: 'unknown', authority: authority.at };
}

/** Types of the keys that a host is known by. */
export function knownKeyTypes(known: readonly KnownHost[], address: string, port: number): readonly string[] {
  const lines = [...linesFor(known, address, port), ...(port === 22 ? [] : linesFor(known, address, 22))];
  return [...new Set(lines.filter((line) => line.marker === null).map((line) => line.type))];
}

const linesFor = (known: readonly KnownHost[], address: string, port: number): readonly KnownHost[] => {
  const name = knownHostName(address, port);
  return known.filter((line) => matches(line.hosts, name));
};

function matches(field: string, name: string): boolean {
  if (field.startsWith('|1|')) {
    const [, , salt = '', mac = ''] = field.split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === mac;
  }
  const patterns = field.split(',');
  const hit = (pattern: string): boolean => wildcard(pattern).test(name);
  return (
    !patterns.some((p) => p.startsWith('!') && hit(p.slice(1))) && patterns.some((p) => !p.startsWith('!') && hit(p))
  );
}

/** Only `*` and `?` are special: brackets stand for themselves, around an address with a port. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .toLowerCase()
      .replace(/[\\^$.|+(){}[\]]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );

/** The type named inside a public key's own encoding, RFC 4253 §6.6. */
export const hostKeyType = (key: Buffer): string => key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');

/** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
