import { listAt } from '../../../core/base/list-at.ts';
import { fitsPatterns } from '../patterns.ts';
import { type Mac, macUnder } from './known-hosts-hmac.ts';

/** One line of a known_hosts file; sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export interface KnownHost {
  readonly file: string;
  /** `~/.ssh/known_hosts:12`, for messages. */
  readonly at: string;
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly type: string;
  readonly key: Buffer;
}

/** Lines of known_hosts files by lower-case name, as written there. */
export interface KnownHosts {
  of(name: string): readonly KnownHost[];
  /** Lines that seem to name the host but contain no readable key. */
  damaged(name: string): readonly string[];
}

interface Entry {
  readonly line: number;
  /** `null`: the line is damaged. */
  readonly host: KnownHost | null;
  readonly at: string;
}

/**
 * Parses a file once for many lookups: plain names are in a map, and each hashed line costs one HMAC per looked-up
 * name.
 */
export function parseKnownHosts(text: string, file: string): KnownHosts {
  const plain = new Map<string, Entry[]>();
  const patterns: { readonly entry: Entry; readonly list: readonly string[] }[] = [];
  const hashed: { readonly entry: Entry; readonly digest: Mac; readonly mac: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/\s+/);
    const marked = words[0]?.startsWith('@') === true;
    const [field, type, key] = marked ? words.slice(1) : words;
    if (field === undefined || field === '' || field.startsWith('#')) continue;
    const marker = !marked ? null : words[0] === '@revoked' ? 'revoked' : 'cert-authority';
    const known = !marked || words[0] === '@revoked' || words[0] === '@cert-authority';
    const at = `${file}:${index + 1}`;
    const blob = known && type !== undefined && key !== undefined ? keyOf(type, key) : undefined;
    const host: KnownHost | null =
      blob === undefined || type === undefined ? null : { file, at, marker, type, key: blob };
    const entry: Entry = { line: index, host, at };
    if (field.startsWith('|1|')) {
      const [, , salt = '', mac = ''] = field.split('|');
      hashed.push({ entry, digest: macUnder(Buffer.from(salt, 'base64')), mac });
      continue;
    }
    const list = field.toLowerCase().split(',');
    if (/[*?!]/.test(field)) patterns.push({ entry, list });
    else for (const name of new Set(list)) listAt(plain, name).push(entry);
  }

  const asked = new Map<string, readonly Entry[]>();
  const entries = (name: string): readonly Entry[] => {
    const before = asked.get(name);
    if (before !== undefined) return before;
    const found = [
      ...(plain.get(name) ?? []),
      ...patterns.filter(({ list }) => fitsPatterns(list, name)).map(({ entry }) => entry),
      ...hashed.filter(({ digest, mac }) => digest(name) === mac).map(({ entry }) => entry),
    ].sort((a, b) => a.line - b.line);
    asked.set(name, found);
    return found;
  };
  return {
    of: (name) => entries(name).flatMap(({ host }) => host ?? []),
    damaged: (name) => entries(name).flatMap(({ host, at }) => (host === null ? [at] : [])),
  };
}

/** Several files as one; the first has priority. */
export const joinKnownHosts = (files: readonly KnownHosts[]): KnownHosts => ({
  of: (name) => files.flatMap((file) => file.of(name)),
  damaged: (name) => files.flatMap((file) => file.damaged(name)),
});

/** OpenSSH's hashed form of a name (HashKnownHosts): an HMAC with the line's own salt. */
export const hashedName = (name: string, salt: Buffer): string =>
  `|1|${salt.toString('base64')}|${macUnder(salt)(name)}`;

/** A public key's wire format: length-prefixed strings, the first one is the type (RFC 4253 §6.6). */
function keyOf(type: string, base64: string): Buffer | undefined {
  const key = Buffer.from(base64, 'base64');
  let at = 0;
  let fields = 0;
  while (at + 4 <= key.length) {
    const end = at + 4 + key.readUInt32BE(at);
    if (fields === 0 && key.toString('latin1', at + 4, end) !== type) return undefined;
    at = end;
    fields++;
  }
  return at === key.length && fields > 1 ? key : undefined;
}
