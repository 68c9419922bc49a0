import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { listen } from '../../support/base/listen.ts';
import { scriptedServers } from '../../support/ssh/scripted-servers.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
const { servers, serve, relay: relayTo } = scriptedServers();
beforeAll(async () => {
  sshd = await startSshd({ sudo: 'none' });
});
afterAll(() => sshd[Symbol.asyncDispose]());

const relay = (socket: Socket): Socket => relayTo(socket, sshd.port);
/** These tests are not about the host key of the fake server. */
const open = (target: Partial<SshTarget>, signal?: AbortSignal) =>
  connectSsh(
    sshd.target({
      become: 'none',
      connectTimeoutMs: 700,
      knownHosts: [join(sshd.directory, `known_${target.port}`)],
      ...target,
    }),
    { acceptNewHostKeys: true, ...defined({ signal }) },
  );

/** An SSH server with the right key that never ends, or cuts, a login. */
async function loginServer(
  treat: (client: ssh2.Connection, socket: () => Socket | undefined) => void,
): Promise<number> {
  const key = readFileSync(join(sshd.directory, 'host_ed25519'));
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on('error', () => {});
    treat(client, () => Reflect.get(client, '_sock'));
  });
  servers.push(server);
  return listen(server);
}

describe('a timeout names its stage', () => {
  test('TCP: the connection is never accepted', async () => {
    const script = [
      'import socket,sys,time',
      's=socket.socket();s.bind(("127.0.0.1",0));s.listen(0);p=s.getsockname()[1]',
      'held=[socket.socket() for _ in range(4)]',
      'for h in held: h.setblocking(False); h.connect_ex(("127.0.0.1",p))',
      'print(p,flush=True);time.sleep(30)',
    ].join('\n');
    const full = spawn('python3', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    servers.push({ close: () => full.kill() });
    const port = Number(await new Promise<Buffer>((resolve) => full.stdout.once('data', resolve)));
    await expect(open({ port })).rejects.toMatchObject({
      code: 'CONNECT_TIMED_OUT',
      retryable: true,
      message: expect.stringContaining('was not reached within 700ms'),
    });
  });

  test('banner: a server that accepts the connection and sends nothing', async () => {
    const { port, count } = await serve(() => {});
    await expect(open({ port })).rejects.toMatchObject({
      code: 'CONNECT_TIMED_OUT',
      retryable: true,
      message: expect.stringContaining('sent nothing'),
    });
    expect(count()).toBe(1);
  });

  test('keys: a banner and nothing more', async () => {
    const { port } = await serve((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(open({ port, connectTimeoutMs: 1500 })).rejects.toMatchObject({
      code: 'CONNECT_TIMED_OUT',
      retryable: true,
      message: expect.stringContaining('key exchange'),
    });
  });

  test('login: a server that sends no reply to it', async () => {
    const port = await loginServer((client) => client.on('authentication', () => {}));
    // Time for the key exchange, on a busy machine too.
    await expect(open({ port, connectTimeoutMs: 3000 })).rejects.toMatchObject({
      code: 'CONNECT_TIMED_OUT',
      retryable: true,
      message: expect.stringContaining(`the login of ${sshd.user}`),
    });
  });
});

describe('a connection that closes before it is made', () => {
  test('after the banner', async () => {
    const { port, count } = await serve((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await expect(open({ port, connectTimeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'CONNECT_DROPPED',
      retryable: true,
      message: expect.stringContaining('before the keys were agreed upon'),
    });
    expect(count()).toBe(1);
  });

  test('during the login', async () => {
    const port = await loginServer((client, socket) => client.on('authentication', () => socket()?.destroy()));
    await expect(open({ port, connectTimeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'CONNECT_DROPPED',
      retryable: true,
      message: expect.stringContaining('before the login was complete'),
    });
  });

  test.each([
    { how: 'closed', drop: (socket: Socket) => socket.destroy() },
    { how: 'reset', drop: (socket: Socket) => socket.resetAndDestroy() },
    { how: 'by MaxStartups', drop: (socket: Socket) => socket.end('Exceeded MaxStartups\r\n') },
  ])('before the banner ($how) the server is overloaded, and it is retried', async ({ drop }) => {
    const { port, count } = await serve((socket, n) => void (n <= 2 ? drop(socket) : relay(socket)));
    const host = await open({ port, connectTimeoutMs: 10_000 });
    expect((await host.run({ argv: ['id', '-un'] })).stdout).toBe(`${sshd.user}\n`);
    expect(count()).toBe(3);
    await host.close();
  });

  test('an address that sshd penalizes waits longer', async () => {
    const times: number[] = [];
    const { port } = await serve((socket, n) => {
      times.push(Date.now());
      if (n <= 2) socket.end('Not allowed at this time\r\n');
      else relay(socket);
    });
    await (await open({ port, connectTimeoutMs: 10_000 })).close();
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(350);
    expect(third - second).toBeGreaterThanOrEqual(750);
  });
});

describe('no SSH server, or one without a common algorithm', () => {
  test('HTTP', async () => {
    const server = createHttpServer((_, reply) => void reply.end('hello'));
    servers.push(server);
    const port = await listen(server);
    await expect(open({ port })).rejects.toMatchObject({
      code: 'CONNECT_NOT_SSH',
      retryable: false,
      message: expect.stringContaining('HTTP/1.1 400'),
      hint: expect.stringContaining('ssh.port'),
    });
  });

  test.each([
    { what: 'mail', says: '220 mail.example.com ESMTP\r\n' },
    { what: 'a binary protocol', says: Buffer.from([0x4a, 0, 0, 0, 0x0a, 0x38, 0x2e, 0x30]) },
  ])('$what that waits for a reply', async ({ says }) => {
    const { port, count } = await serve((socket) => socket.write(says));
    await expect(open({ port })).rejects.toMatchObject({ code: 'CONNECT_NOT_SSH', retryable: false });
    expect(count()).toBe(1);
  });

  test('a flood that never becomes a banner', async () => {
    const { port } = await serve((socket) => socket.write('x'.repeat(100_000)));
    await expect(open({ port })).rejects.toMatchObject({ code: 'CONNECT_NOT_SSH' });
  });

  test('an sshd without a common key exchange', async () => {
    await using modern = await startSshd({ config: ['KexAlgorithms sntrup761x25519-sha512@openssh.com'] });
    await expect(modern.connect({ become: 'none' })).rejects.toMatchObject({
      code: 'CONNECT_NO_COMMON_ALGORITHM',
      retryable: false,
    });
  });

  test('lines before the banner are accepted', async () => {
    const { port } = await serve((socket) => {
      socket.write('Welcome\r\nto this host\r\n');
      relay(socket);
    });
    await (await open({ port, connectTimeoutMs: 10_000 })).close();
  });
});

test('a name without an address', async () => {
  await expect(open({ address: 'no-such-host.invalid' })).rejects.toMatchObject({
    code: 'CONNECT_UNREACHABLE',
    message: expect.stringContaining('cannot be resolved'),
    host: 'test-host',
  });
});

describe('a late error of the socket ends the work on it, not this process', () => {
  const through = async () => {
    const taken: Socket[] = [];
    const { port } = await serve((socket) => {
      taken.push(socket);
      relay(socket);
    });
    const host = await open({ port, connectTimeoutMs: 10_000 });
    return { host, reset: () => taken[0]?.resetAndDestroy() };
  };

  test('reset while a command runs', async () => {
    const { host, reset } = await through();
    const running = host.run({ argv: ['sleep', '30'] });
    setTimeout(reset, 200);
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST', retryable: true });
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await host.close();
  });

  test('reset of an idle connection', async () => {
    const { host, reset } = await through();
    reset();
    await delay(100);
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await host.close();
  });

  test('reset during the close, and after it', async () => {
    for (const wait of [0, 1, 5]) {
      const { host, reset } = await through();
      const closing = host.close();
      if (wait > 0) await delay(wait);
      reset();
      await closing;
    }
    const { host, reset } = await through();
    await host.close();
    reset();
    await delay(100);
    await host.close();
  });

  test('a host that no longer responds can still be closed', async () => {
    const frozen: Socket[] = [];
    const { port } = await serve((socket) => {
      frozen.push(socket, relay(socket));
    });
    const host = await open({ port, connectTimeoutMs: 10_000 });
    for (const socket of frozen) {
      socket.unpipe();
      socket.pause();
    }
    const running = host.run({ argv: ['true'] });
    running.catch(() => {});
    await host.close();
    await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

test('an interrupt ends an attempt at any stage', async () => {
  const { port } = await serve((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
  await expect(open({ port, connectTimeoutMs: 30_000 }, AbortSignal.timeout(200))).rejects.toMatchObject({
    code: 'INTERRUPTED',
  });
  await expect(open({ port }, AbortSignal.abort())).rejects.toMatchObject({ code: 'INTERRUPTED' });
});
