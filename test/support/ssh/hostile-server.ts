import { generateKeyPairSync } from 'node:crypto';
import ssh2, { type AuthContext, type ServerChannel } from 'ssh2';
import { listen } from '../base/listen.ts';

/** The behavior of a hostile SSH server with a client. */
export interface Hostility {
  /** Judges a login. Default: accepts every client. */
  login?(request: AuthContext): void;
  /** The result of a command; of a shell, if there is none. */
  command?(channel: ServerChannel, line?: string): void;
}

/** An SSH server on a port of its own that follows the protocol only in parts. */
export interface HostileServer extends AsyncDisposable {
  readonly port: number;
  /** As in known_hosts: `ssh-rsa AAAA…`. */
  readonly hostKey: string;
  hostility: Hostility;
}

export async function startHostileServer(address: string): Promise<HostileServer> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  const made = { hostility: {} as Hostility };
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (request) => (made.hostility.login ?? ((one) => one.accept()))(request));
    client.on('session', (accept) => {
      const session = accept();
      const open = (accepting: () => ServerChannel, line?: string): void => {
        const channel = accepting();
        // The client may hang up in the middle of any write.
        for (const stream of [channel, channel.stderr]) stream.on('error', () => {});
        made.hostility.command?.(channel, line);
      };
      session.on('exec', (accepting, _reject, { command }) => open(accepting, command));
      session.on('shell', (accepting) => open(accepting));
    });
  });
  const port = await listen(server, address);
  return Object.assign(made, {
    port,
    hostKey: `ssh-rsa ${parsed.getPublicSSH().toString('base64')}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}

/** Writes as long as the other side reads. */
export function endlessly(channel: ServerChannel, piece: string): void {
  const write = (): void => {
    while (channel.writable && channel.write(piece));
  };
  channel.on('drain', write);
  write();
}
