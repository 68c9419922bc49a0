import { connect, createServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { listen } from '../base/listen.ts';

interface Scripted {
  readonly port: number;
  /** Connections so far. */
  count(): number;
}

/** TCP servers of one test file with a scripted behavior for each connection. They end after each test. */
export function scriptedServers() {
  const servers: { close(): unknown }[] = [];
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  });
  return {
    /** Anything else that ends after the test. */
    servers,
    async serve(treat: (socket: Socket, count: number) => void): Promise<Scripted> {
      let count = 0;
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => {}));
        treat(socket, ++count);
      });
      servers.push(server);
      return { port: await listen(server), count: () => count };
    },
    /** Passes everything on to a port of this machine, both ways. */
    relay(socket: Socket, port: number): Socket {
      const far = connect(port, '127.0.0.1').on('error', () => {});
      sockets.add(far);
      far.on('close', () => socket.destroy());
      socket.on('close', () => far.destroy());
      return far.pipe(socket).pipe(far);
    },
  };
}
