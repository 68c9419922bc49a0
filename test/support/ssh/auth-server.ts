import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type Algorithms, type AuthContext, type Connection } from 'ssh2';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { listen } from '../base/listen.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** An SSH server for logins alone, each judged by a function, which records every request for one. */
export interface AuthServer extends AsyncDisposable {
  /** In the order of their arrival: `publickey query`, `publickey signed`, `password`, `none`, … */
  readonly requests: string[];
  readonly directory: string;
  /** Ends all connections. */
  hangUp(): void;
  target(overrides?: Partial<SshTarget>): SshTarget;
}

export async function startAuthServer(
  judge: (request: AuthContext) => void,
  algorithms: Algorithms = {},
): Promise<AuthServer> {
  const directory = temporaryDirectory('auth');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const requests: string[] = [];
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [key], algorithms }, (client) => {
    clients.add(client);
    client.on('close', () => clients.delete(client));
    client.on('error', () => {});
    client.on('authentication', (request) => {
      const signed = request.method === 'publickey' ? (request.signature === undefined ? ' query' : ' signed') : '';
      requests.push(request.method + signed);
      judge(request);
    });
  });
  const port = await listen(server);
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  const knownHosts = join(directory, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ssh-rsa ${parsed.getPublicSSH().toString('base64')}\n`);
  return {
    requests,
    directory,
    hangUp() {
      for (const client of clients) client.end();
    },
    target: (overrides) => ({
      name: 'gw-1',
      address: '127.0.0.1',
      port,
      user: 'ops',
      identityFiles: [],
      identityAgent: 'none',
      knownHosts: [knownHosts],
      become: 'none',
      connectTimeoutMs: 10_000,
      ...overrides,
    }),
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
