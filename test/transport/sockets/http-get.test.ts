import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import { ByteSocket } from '../../../src/core/host/byte-socket.ts';
import { connectLocal } from '../../../src/transport/local/local.ts';
import type { Dialer } from '../../../src/transport/sockets/dialer.ts';
import { httpByTool } from '../../../src/transport/sockets/http-by-tool.ts';
import { httpOverSocket, httpTarget } from '../../../src/transport/sockets/http-get.ts';
import { listen } from '../../support/base/listen.ts';

const target = httpTarget({ port: 80, path: '/', timeoutMs: 200 });

/** A peer that acts on its side of the connection as soon as that is open. */
function dialerTo(peer: (say: PassThrough, heard: PassThrough) => void): Dialer {
  const dial = async (): Promise<ByteSocket> => {
    const [readable, writable] = [new PassThrough(), new PassThrough()];
    const socket = new ByteSocket({ readable, writable, abandon: () => undefined });
    peer(readable, writable);
    return socket;
  };
  return { tcp: dial, unix: dial } as unknown as Dialer;
}

test.each<[string, Dialer]>([
  ['hangs up at once', dialerTo((say) => say.end())],
  ['is torn down at once', dialerTo((say) => say.destroy(new Error('reset')))],
  ['hangs up in the next moment', dialerTo((say) => void setImmediate(() => say.end()))],
  ['never answers', dialerTo(() => undefined)],
  ['stops in the middle of its answer', dialerTo((say) => say.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhal'))],
])('a peer that %s is unreachable, and nothing hangs', async (_what, dialer) => {
  for (let turn = 0; turn < 5; turn++)
    await expect(httpOverSocket(dialer, target)).rejects.toMatchObject({
      code: 'HTTP_UNREACHABLE',
      retryable: true,
      hint: expect.stringContaining('listens at 127.0.0.1:80'),
    });
});

test('a response that ends with the connection is accepted', async () => {
  const answer = 'HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwait';
  const dialer = dialerTo((say, heard) => heard.once('data', () => say.end(answer)));
  expect(await httpOverSocket(dialer, target)).toEqual({ status: 503, body: 'wait' });
});

test('the request names the requested host, or address and port', async () => {
  const asked = async (target: ReturnType<typeof httpTarget>): Promise<string> => {
    const heards: string[] = [];
    const dialer = dialerTo((say, heard) =>
      heard.once('data', (bytes: Buffer) => {
        heards.push(bytes.toString());
        say.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      }),
    );
    await httpOverSocket(dialer, target);
    return /^host: (.*)\r$/im.exec(heards.join(''))?.[1] ?? '';
  };
  expect(await asked(target)).toBe('127.0.0.1:80');
  expect(await asked(httpTarget({ port: 9080, path: '/', host: 'shop.example.com' }))).toBe('shop.example.com');
});

test('the tool of the host names it too', async () => {
  await using server = createServer((request, response) => response.end(request.headers.host));
  const port = await listen(server);
  const here = await connectLocal('here', { become: 'none' });
  const asked = async (host?: string) =>
    (await httpByTool(here.run, httpTarget({ port, path: '/', ...defined({ host }) }))).body;
  expect(await asked()).toBe(`127.0.0.1:${port}`);
  expect(await asked("it's.example.com")).toBe("it's.example.com");
  await here.close();
});
