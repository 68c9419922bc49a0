import { afterEach, expect, test } from 'vitest';
import { HttpConnection } from '../../src/docker/http-connection.ts';
import { HttpConnections } from '../../src/docker/http-connections.ts';
import { rawEngine, sized } from './raw-engine.ts';

const BEGUN = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const get = (path: string) => ({ method: 'GET', path }) as const;
const post = (path: string) => ({ method: 'POST', path }) as const;
const within = (ms: number): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(ms) });

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const connection = (...how: ConstructorParameters<typeof HttpConnection>): HttpConnection => {
  const made = new HttpConnection(...how);
  closers.push(() => made.close());
  return made;
};

test('a slow reply ends with its timeout, and requests behind it are sent on another socket', async () => {
  // A server replies in order: on a socket whose first reply has not ended it sends nothing for the second request.
  const busy = new Set<unknown>();
  await using engine = await rawEngine((request, socket) => {
    if (busy.has(socket)) return;
    if (request !== 'GET /slow') return void socket.write(sized(request));
    busy.add(socket);
    socket.write(BEGUN);
    const drip = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    socket.on('close', () => clearInterval(drip));
  });
  const http = connection(engine.dial, 64);
  const slow = http.send(get('/slow'), within(500));
  const next = http.send(get('/next'), within(20_000));
  await expect(slow).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await next).body.toString()).toBe('GET /next');
  expect(engine.dials).toBe(2);
});

test('a pause within a reply has a limit of its own', async () => {
  await using engine = await rawEngine((_, socket) => socket.write(BEGUN));
  const http = connection(engine.dial);
  const pulled = http.send(post('/pull'), { ...within(20_000), idleMs: 500 });
  await expect(pulled).rejects.toMatchObject({ name: 'BodyTimeoutError' });
});

test('a dial that hangs ends with the request, and the next request dials again', async () => {
  await using engine = await rawEngine((request, socket) => socket.write(sized(request)));
  let dials = 0;
  const http = connection(() => (dials++ === 0 ? new Promise(() => {}) : engine.dial()));
  await expect(http.send(get('/a'), within(300))).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await http.send(get('/b'), within(20_000))).body.toString()).toBe('GET /b');
});

test("a failure while a reply is read is the reason of its request's failure", async () => {
  await using engine = await rawEngine((request, socket) => socket.write(sized(request)));
  const http = connection(engine.dial);
  const reason = new Error('not wanted');
  const onData = (): void => {
    throw reason;
  };
  await expect(http.send(post('/a'), { ...within(20_000), onData })).rejects.toBe(reason);
  expect((await http.send(post('/b'), within(20_000))).status).toBe(200);
});

test('closing fails pending requests', async () => {
  await using engine = await rawEngine(() => {});
  const http = connection(engine.dial);
  const pending = http.send(get('/a'), within(20_000));
  await expect.poll(() => engine.requests).toEqual(['GET /a']);
  http.close();
  await expect(pending).rejects.toThrow('closed');
  expect(engine.dials).toBe(1);
});

test('changes have a socket each, six at most at once, of which three are kept', async () => {
  const held: (() => void)[] = [];
  await using engine = await rawEngine((request, socket) => held.push(() => socket.write(sized(request))));
  const http = new HttpConnections(engine.dial);
  closers.push(() => http.close());
  const send = (count: number) =>
    Array.from({ length: count }, (_, at) => http.send(post(`/${at}`), () => within(20_000)));
  const answer = async (count: number): Promise<void> => {
    await expect.poll(() => held.length).toBe(count);
    for (const reply of held.splice(0)) reply();
  };
  const eight = send(8);
  await answer(6);
  expect(engine.dials).toBe(6);
  await answer(2);
  expect((await Promise.all(eight)).map(({ body }) => body.toString()).sort()).toEqual(
    Array.from({ length: 8 }, (_, at) => `POST /${at}`),
  );
  const dialled = engine.dials;
  const again = send(3);
  await answer(3);
  await Promise.all(again);
  expect(engine.dials).toBe(dialled);
});
