import { createPrivateKey } from 'node:crypto';
import type { ParsedKey } from 'ssh2';
import { defined } from '../../../core/base/data.ts';

const PKCS8 = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/;

/** Parses a private key. ssh2 does not know PKCS #8, which openssl writes and OpenSSH reads: Node converts it. */
export async function parseKey(text: string, passphrase?: string): Promise<ParsedKey | 'locked' | Error> {
  const { default: ssh2 } = await import('ssh2');
  const pkcs8 = PKCS8.exec(text);
  if (pkcs8?.[1] !== undefined && passphrase === undefined) return 'locked';
  try {
    const key = ssh2.utils.parseKey(pkcs8 === null ? text : withoutPkcs8(text, passphrase), passphrase);
    return key instanceof Error && passphrase === undefined && /no passphrase/i.test(key.message) ? 'locked' : key;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function withoutPkcs8(text: string, passphrase: string | undefined): string {
  const key = createPrivateKey({ key: text, ...defined({ passphrase }) });
  if (key.asymmetricKeyType === 'rsa') return key.export({ format: 'pem', type: 'pkcs1' }).toString();
  if (key.asymmetricKeyType === 'ec') return key.export({ format: 'pem', type: 'sec1' }).toString();
  throw new Error(`PKCS #8 with a key of type ${key.asymmetricKeyType}`);
}
