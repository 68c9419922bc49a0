import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { LoadTally } from '../lab/load/load-tally.ts';
import { type StreamTarget, streamEchoes } from '../lab/load/stream-client.ts';
import { listen } from '../support/base/listen.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A service that greets and then handles each line as it requests. */
async function service(
  hear: (socket: Socket, line: string) => void,
  greeting = 'from 10.0.0.9\n',
): Promise<StreamTarget> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (line) => hear(socket, String(line)));
    socket.write(greeting);
  });
  servers.push(server);
  return { balancer: 'lb-1', name: 'stream', host: '127.0.0.1', port: await listen(server) };
}

const echo = (socket: Socket, line: string) => void socket.write(line);
const three = { lines: 3, everyMs: 5 };
const always = () => true;

test('a stream sends all its lines on one connection and names the gateway', async () => {
  const heard: [Socket, string][] = [];
  const target = await service((socket, line) => {
    heard.push([socket, line]);
    echo(socket, line);
  });
  expect(await streamEchoes(target, three, always)).toBe('10.0.0.9');
  expect(heard.map(([, line]) => line)).toEqual(['line 1\n', 'line 2\n', 'line 3\n']);
  expect(new Set(heard.map(([socket]) => socket)).size).toBe(1);
});

test('a stream ends by itself after its line when the load is stopped', async () => {
  let printed = 0;
  const target = await service((socket, line) => {
    printed++;
    echo(socket, line);
  });
  expect(await streamEchoes(target, { lines: 100, everyMs: 5 }, () => printed < 2)).toBe('10.0.0.9');
  expect(printed).toBe(2);
});

test.each([
  { what: 'is reset', hear: (socket: Socket) => void socket.resetAndDestroy(), says: 'ECONNRESET' },
  {
    what: 'is ended with a line unanswered',
    hear: (socket: Socket) => void socket.end(),
    says: 'ended by the other side',
  },
  {
    what: 'is ended between two lines',
    hear: (socket: Socket, line: string) => void socket.end(line),
    says: 'ended by the other side',
  },
  { what: 'gets another line', hear: (socket: Socket) => void socket.write('what?\n'), says: 'another line came back' },
])('a stream that $what counts as an error', async ({ hear, says }) => {
  const target = await service(hear);
  const tally = new LoadTally();
  await tally.count('kept stream', 'lb-1', () => streamEchoes(target, three, always));
  expect(Object.keys(tally.errors())).toEqual([`kept stream at lb-1: ${says}`]);
});

test('a port that greets with unknown text, and one that refuses, are errors', async () => {
  const target = await service(echo, 'HTTP/1.1 400 Bad Request\n');
  await expect(streamEchoes(target, three, always)).rejects.toThrow('no greeting');
  servers.pop()?.close();
  await expect(streamEchoes(target, three, always)).rejects.toThrow('ECONNREFUSED');
});
