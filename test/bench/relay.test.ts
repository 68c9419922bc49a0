import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Relay, startRelay } from '../../bench/relay.ts';
import { listen } from '../support/base/listen.ts';

let echo: Server;
let relay: Relay;
let client: Socket;

beforeEach(async () => {
  echo = createServer((socket) => socket.pipe(socket));
  relay = await startRelay({ address: '127.0.0.1', port: await listen(echo) });
  client = connect({ host: '127.0.0.1', port: relay.port, noDelay: true });
  await once(client, 'connect');
});

afterEach(async () => {
  client.destroy();
  await relay[Symbol.asyncDispose]();
  echo.close();
});

async function printed(text: string): Promise<void> {
  let answer = '';
  while (answer.length < text.length) {
    const [chunk] = await once(client, 'data');
    answer += String(chunk);
  }
  expect(answer).toBe(text);
}

describe.each([0, 5])('a relay that holds bytes for %i ms', (held) => {
  beforeEach(() => relay.hold(held));

  test('counts one round trip for each question that waits for the last reply', async () => {
    for (const word of ['one', 'two', 'three']) {
      client.write(word);
      await printed(word);
    }
    expect(relay.taken()).toMatchObject([{ trips: 3, turns: 5, bytes: 22 }]);
  });

  test('counts simultaneous questions as one round trip', async () => {
    for (const word of ['one', 'two', 'three']) client.write(word);
    await printed('onetwothree');
    expect(relay.taken().map(({ trips }) => trips)).toEqual([1]);
  });

  test('passes the end of either side', async () => {
    client.end('last');
    await printed('last');
    await once(client, 'close');
  });
});

test('a relay forgets the closed connections', async () => {
  client.write('x');
  await printed('x');
  expect(relay.taken()).toHaveLength(1);
  expect(relay.taken()).toEqual([]);
});
