import { connect, createServer, type Socket } from 'node:net';
import { listen } from '../support/base/listen.ts';

export interface RawEngine extends AsyncDisposable {
  /** `METHOD path` of every request. */
  readonly requests: string[];
  dials: number;
  readonly dial: () => Promise<Socket>;
}

/** A good reply of an Engine. */
export const sized = (body: string, status = '200 OK', headers = 'Api-Version: 1.44\r\n'): string =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** A TCP server whose replies are written byte by byte, for replies that no HTTP server can send. */
export async function rawEngine(answer: (request: string, socket: Socket) => void): Promise<RawEngine> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const [line = ''] = received.split(' HTTP/', 1);
        received = received.slice(end + 4);
        requests.push(line);
        if (line === 'GET /version') socket.write(sized('{"ApiVersion":"1.44"}'));
        else answer(line, socket);
      }
    });
  });
  const port = await listen(server);
  const engine: RawEngine = {
    requests,
    dials: 0,
    async dial() {
      engine.dials++;
      return connect(port, '127.0.0.1');
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return engine;
}

/** Writes `piece` as long as the socket accepts it. */
export function endless(socket: Socket, piece: string): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', write);
  write();
}
