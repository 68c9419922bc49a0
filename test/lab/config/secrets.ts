import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface LabSecrets {
  readonly dbPassword: string;
  readonly gatewayToken: string;
  /** Of the gateway group `edge`. */
  readonly edgeToken: string;
}

/** The lab's secrets, made on its first start and kept in `secrets/`. */
export async function labSecrets(directory: string): Promise<LabSecrets> {
  await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const random = () => randomBytes(9).toString('base64url');
  return {
    // Every character in the middle has another meaning in a URI.
    dbPassword: await kept(join(directory, 'secrets/db-password'), () => `${random()}p@ss:/#%${random()}`),
    gatewayToken: await kept(join(directory, 'secrets/gateway-token'), () => `a7dp-${random()}${random()}`),
    edgeToken: await kept(join(directory, 'secrets/edge-token'), () => `a7dp-${random()}${random()}`),
  };
}

/** The control plane's copy of a token. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

async function kept(path: string, make: () => string): Promise<string> {
  const found = await readFile(path, 'utf8').catch(() => '');
  if (found.trim() !== '') return found.trim();
  const fresh = make();
  await writeFile(path, `${fresh}\n`, { mode: 0o600 });
  return fresh;
}
