import { getCiphers } from 'node:crypto';
import type { Algorithms, CipherAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from 'ssh2';

/**
 * No SHA-1, and no group exchange, in which the server chooses a prime of any size. A weak prime protects nothing, and
 * a huge one blocks the only thread for hours.
 */
const KEY_EXCHANGES: readonly KexAlgorithm[] = [
  'curve25519-sha256',
  'curve25519-sha256@libssh.org',
  'ecdh-sha2-nistp256',
  'ecdh-sha2-nistp384',
  'ecdh-sha2-nistp521',
  'diffie-hellman-group16-sha512',
  'diffie-hellman-group18-sha512',
  'diffie-hellman-group14-sha256',
];

/** With their OpenSSL names: a build may lack some. AES-GCM first, because processors have instructions for it. */
const CIPHERS: readonly (readonly [CipherAlgorithm, string])[] = [
  ['aes128-gcm@openssh.com', 'aes-128-gcm'],
  ['aes256-gcm@openssh.com', 'aes-256-gcm'],
  ['aes128-ctr', 'aes-128-ctr'],
  ['aes192-ctr', 'aes-192-ctr'],
  ['aes256-ctr', 'aes-256-ctr'],
  ['chacha20-poly1305@openssh.com', 'chacha20'],
];

const MACS: readonly MacAlgorithm[] = [
  'hmac-sha2-256-etm@openssh.com',
  'hmac-sha2-512-etm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-512',
];

/** The algorithms offered to a server; no others are accepted. No compression: 30 KB of packets could become 30 MB. */
export function algorithms(serverHostKey: readonly ServerHostKeyAlgorithm[]): Algorithms {
  const known = new Set(getCiphers());
  return {
    kex: [...KEY_EXCHANGES],
    cipher: CIPHERS.flatMap(([name, openssl]) => (known.has(openssl) ? [name] : [])),
    hmac: [...MACS],
    compress: ['none'],
    serverHostKey: [...serverHostKey],
  };
}
