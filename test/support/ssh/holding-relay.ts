import { connect, createServer, type Socket } from 'node:net';
import { listen } from '../base/listen.ts';

/** A relay to a server that counts the bytes, and stops at a byte of the test's choice. */
export interface HoldingRelay extends AsyncDisposable {
  readonly port: number;
  /** Bytes that were passed on to the server, over all connections. */
  passed(): number;
  /** Passes so many more bytes, then no more; resolves when that point is reached. Connections stay open. */
  holdAfter(bytes: number): Promise<void>;
  /** Passes everything again, including the held bytes. */
  release(): void;
  /** Cuts all connections on both sides. Held bytes are lost. */
  cut(): void;
  /** Cuts them on the client's side only: the server does not notice, as behind a firewall that dropped them. */
  cutClients(): void;
}

export async function holdingRelay(serverPort: number): Promise<HoldingRelay> {
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  let passed = 0;
  let limit = Number.POSITIVE_INFINITY;
  let reached = (): void => {};
  let flush: (() => void)[] = [];
  const relay = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    let held: Buffer = Buffer.alloc(0);
    clients.add(client);
    servers.add(server);
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => {});
    const pass = (): void => {
      const part = held.subarray(0, Math.max(0, limit - passed));
      held = held.subarray(part.length);
      passed += part.length;
      if (passed >= limit) reached();
      if (held.length > 0) client.pause();
      if (part.length > 0 && !server.write(part)) client.pause();
    };
    flush.push(pass);
    server.on('drain', () => passed < limit && client.resume());
    client.on('data', (chunk: Buffer) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      pass();
    });
    server.on('data', (chunk: Buffer) => void client.write(chunk));
    client.on('end', () => server.end());
    server.on('close', () => client.destroy());
  });
  const port = await listen(relay);
  const passUntil = (bytes: number): void => {
    limit = bytes;
    for (const pass of flush) pass();
    for (const client of clients) if (passed < limit) client.resume();
  };
  const destroy = (sockets: Set<Socket>): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const cut = (): void => {
    flush = [];
    destroy(clients);
    destroy(servers);
    limit = Number.POSITIVE_INFINITY;
  };
  return {
    port,
    passed: () => passed,
    holdAfter: (bytes) =>
      new Promise((resolve) => {
        reached = resolve;
        passUntil(passed + bytes);
      }),
    release: () => passUntil(Number.POSITIVE_INFINITY),
    cut,
    cutClients() {
      flush = [];
      destroy(clients);
      limit = Number.POSITIVE_INFINITY;
    },
    async [Symbol.asyncDispose]() {
      cut();
      relay.close();
    },
  };
}
