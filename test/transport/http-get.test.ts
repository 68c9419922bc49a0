import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ByteSocket } from '../../src/transport/byte-socket.ts';
import type { Dialer } from '../../src/transport/dialer.ts';
import { httpOverSocket, httpTarget } from '../../src/transport/http-get.ts';

const target = httpTarget({ port: 80, path: '/', timeoutMs: 200 });

/** A peer that does something with its side of the connection as soon as that is open. */
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
    await expect(httpOverSocket(dialer, target)).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' });
});

test('an answer that comes with the end of the connection is taken', async () => {
  const answer = 'HTTP/1.1 503 Busy\r\ncontent-length: 4\r\nconnection: close\r\n\r\nwait';
  const dialer = dialerTo((say, heard) => heard.once('data', () => say.end(answer)));
  expect(await httpOverSocket(dialer, target)).toEqual({ status: 503, body: 'wait' });
});
