import type { BaseAgent, ParsedKey } from 'ssh2';

export type SigningHash = 'sha1' | 'sha256' | 'sha512';

/** Signs with a private key from any source. `hash` is given for RSA only. @throws Error when it cannot */
export type Sign = (data: Buffer, hash: SigningHash | undefined) => Promise<Buffer>;

/**
 * An agent with a single key. ssh2 waits for signatures only with agents, and asks for the next method only after an
 * agent's last key.
 */
export async function signingAgent(key: ParsedKey, sign: Sign, failed: (error: unknown) => void): Promise<BaseAgent> {
  const { default: ssh2 } = await import('ssh2');
  return new (class extends ssh2.BaseAgent {
    override getIdentities(done: (error: undefined, keys: ParsedKey[]) => void): void {
      done(undefined, [key]);
    }
    override sign(_key: unknown, data: Buffer, options: unknown, done?: unknown): void {
      // ssh2's client always passes all four arguments.
      const { hash } = options as { readonly hash: SigningHash | undefined };
      const finish = done as (error: undefined, signature: Buffer) => void;
      // An error passed to ssh2 would end the connection.
      sign(data, hash).then((signature) => finish(undefined, signature), failed);
    }
  })();
}

/** @throws Error when the key cannot make this signature */
export async function signWith(key: ParsedKey, data: Buffer, hash: SigningHash | undefined): Promise<Buffer> {
  // ssh2 returns an error where its types promise a signature.
  const signature: Buffer | Error = key.sign(data, hash);
  if (signature instanceof Error) throw signature;
  return signature;
}
