import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { compareVersions } from '../../src/docker/api-version.ts';
import { listen } from '../support/base/listen.ts';

export type Reply =
  | {
      readonly status?: number;
      readonly body?: unknown;
      /** The socket is closed after it. */
      readonly last?: boolean;
    }
  | 'hang'
  | 'hang up';

export interface ScriptedEngine extends AsyncDisposable {
  /** `METHOD path` of every request. */
  readonly requests: string[];
  readonly bodies: unknown[];
  readonly headers: IncomingHttpHeaders[];
  dials: number;
  readonly dial: () => Promise<Socket>;
  /** Ends every connection, as a lost SSH connection would. */
  cut(error?: Error): void;
}

/** An HTTP server with scripted replies, for replies that a real Engine cannot send. */
export async function scriptedEngine(
  answer: (request: string) => Reply | undefined,
  version: { readonly ApiVersion: string; readonly MinAPIVersion: string; readonly silent?: boolean } = {
    ApiVersion: '1.44',
    MinAPIVersion: '1.24',
  },
): Promise<ScriptedEngine> {
  const requests: string[] = [];
  const bodies: unknown[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const open = new Set<Socket>();
  const server = createServer(async (request: IncomingMessage, response) => {
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    headers.push(request.headers);
    if (request.headers['content-type'] === 'application/json') bodies.push(await json(request));
    const reply =
      line === 'GET /version'
        ? { body: version }
        : (answer(line) ?? { status: 404, body: { message: 'no such thing' } });
    if (reply === 'hang') return;
    if (reply === 'hang up') return void request.socket.destroy();
    const ours = /^\w+ \/v(\d+\.\d+)\//.exec(line)?.[1];
    const old = ours !== undefined && compareVersions(ours, version.MinAPIVersion) < 0;
    const refusal = `client version ${ours} is too old. Minimum supported API version is ${version.MinAPIVersion}`;
    const reported = version.silent === true ? {} : { 'Api-Version': version.ApiVersion };
    if ('last' in reply) response.shouldKeepAlive = false;
    const { status = 200, body } = old ? { status: 400, body: { message: refusal } } : reply;
    response.writeHead(status, { 'content-type': 'application/json', ...reported });
    response.end(body === undefined ? '' : `${JSON.stringify(body)}\r\n`);
  });
  const port = await listen(server);
  const engine: ScriptedEngine = {
    requests,
    bodies,
    headers,
    dials: 0,
    async dial() {
      engine.dials++;
      const socket = connect(port, '127.0.0.1');
      open.add(socket);
      return socket;
    },
    cut(error) {
      for (const socket of open) socket.destroy(error);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return engine;
}
