import { hostKeyType } from '../host-keys/known-hosts.ts';

const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const MAGIC = 'openssh-key-v1\0';

/**
 * The public half of an OpenSSH private key file, in its own encoding: it is never encrypted (PROTOCOL.key of OpenSSH).
 * `undefined`: another format, or damaged.
 */
export function publicHalf(text: string): Buffer | undefined {
  const from = text.indexOf(BEGIN);
  if (from < 0) return undefined;
  const to = text.indexOf('-----END', from);
  const data = Buffer.from(text.slice(from + BEGIN.length, to < 0 ? undefined : to), 'base64');
  if (data.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return undefined;
  try {
    const [, afterCipher] = field(data, MAGIC.length);
    const [, afterKdf] = field(data, afterCipher);
    const [, afterOptions] = field(data, afterKdf);
    const [blob] = field(data, afterOptions + 4);
    hostKeyType(blob);
    return blob;
  } catch {
    return undefined;
  }
}

/** The key in a line such as `ssh-ed25519 AAAA… comment`. */
export function publicKeyLine(text: string): Buffer | undefined {
  const match = /^([a-z][\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(\s|$)/.exec(text.trim());
  const blob = Buffer.from(match?.[2] ?? '', 'base64');
  return match !== null && blob.length > 8 && blob.readUInt32BE(0) < blob.length && hostKeyType(blob) === match[1]
    ? blob
    : undefined;
}

/** Why ssh2 cannot log in with keys of this type, and the alternative. `undefined`: it can. */
export function unsupportedType(type: string): string | undefined {
  if (/-cert-v0\d@openssh\.com$/.test(type))
    return 'certificates are not supported: have the plain public key put into authorized_keys';
  if (type.startsWith('sk-'))
    return 'FIDO keys are not supported: use a key without a token (ssh-keygen -t ed25519), or go through a jump host of the ssh client';
  if (type === 'ssh-dss') return 'DSA keys are not accepted any more: make another (ssh-keygen -t ed25519)';
  return undefined;
}

/** One length-prefixed field, and the position of the next. @throws RangeError when it is incomplete */
export function field(data: Buffer, at: number): readonly [Buffer, number] {
  const end = at + 4 + data.readUInt32BE(at);
  if (end > data.length) throw new RangeError('cut short');
  return [data.subarray(at + 4, end), end];
}
