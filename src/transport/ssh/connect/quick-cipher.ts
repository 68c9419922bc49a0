import { createSecretKey } from 'node:crypto';
import type { Client } from 'ssh2';
import { field, isObject } from '../link/ssh2-inside.ts';

/**
 * ssh2 makes a new AES-GCM cipher for every packet, out of the bytes of its key. Node takes ten times as long for that as
 * out of a key object, and a fifth of an upload's processor time was spent there. The fields are ssh2's own: where one is
 * not as known, nothing is changed. Each new exchange of keys makes new ciphers, and says so by the same event.
 *
 * @example quickenCipher(client) // before the handshake
 */
export function quickenCipher(client: Client): void {
  client.on('handshake', () => {
    const protocol = field(client, '_protocol');
    quicken(field(protocol, '_cipher'), '_encSSLName', '_encKey');
    quicken(field(protocol, '_decipher'), '_decipherSSLName', '_decipherKey');
  });
}

function quicken(cipher: unknown, nameField: string, keyField: string): void {
  const key = field(cipher, keyField);
  const isGcm = /^aes-\d+-gcm$/.test(String(field(cipher, nameField)));
  if (isObject(cipher) && isGcm && Buffer.isBuffer(key)) Reflect.set(cipher, keyField, createSecretKey(key));
}
