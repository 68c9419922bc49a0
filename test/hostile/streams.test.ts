import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { OrchError } from '../../src/core/base/errors.ts';
import { Secret } from '../../src/core/base/secret.ts';
import { launchLocal } from '../../src/transport/local/local-process.ts';
import { rawHost } from '../../src/transport/raw-host.ts';
import { readingShell } from '../../src/transport/read/reading-shell.ts';
import { runShell } from '../../src/transport/shell/channel.ts';
import { runCommand } from '../../src/transport/shell/command.ts';
import type { Launch } from '../../src/transport/shell/shell-process.ts';
import type { Dialer } from '../../src/transport/sockets/dialer.ts';
import { haproxySocket } from '../../src/transport/sockets/haproxy-socket.ts';
import { httpByTool } from '../../src/transport/sockets/http-by-tool.ts';
import { httpOverSocket, httpTarget } from '../../src/transport/sockets/http-get.ts';
import { connectSsh } from '../../src/transport/ssh/ssh.ts';
import { listen } from '../support/base/listen.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { plainTarget } from '../support/ssh/plain-target.ts';

const MIB = 1024 * 1024;
const directory = temporaryDirectory('hostile');

const local: Launch = async (line) => launchLocal(line);
const rights = { become: 'none' } as const;
const quiet = { onStdout: () => {}, onStderr: () => {} };

const failure = async (work: Promise<unknown>): Promise<OrchError> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OrchError) return error;
  throw new Error(`no OrchError: ${String(error)}`);
};

describe('a server that is no SSH server and greets without end', () => {
  test.each([
    ['in lines', 'welcome\r\n'],
    ['in one line', 'x'.repeat(10_000)],
    ['of line breaks', '\n'.repeat(10_000)],
  ])('%s is refused', async (_how, text) => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      endless(socket, text);
    });
    const port = await listen(server);
    const target = {
      ...plainTarget,
      knownHosts: [],
      identityAgent: 'none',
      password: Secret.of('sent to nobody'),
      address: '127.0.0.1',
      port,
      connectTimeoutMs: 20_000,
    };
    const error = await failure(connectSsh(target, { acceptNewHostKeys: false }));
    expect(error).toMatchObject({ code: 'CONNECT_NOT_SSH', retryable: false });
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describe('the shell that reads the host', () => {
  test.each([
    ['output', 'yes'],
    ['error output', 'yes >&2'],
    ['output behind its end', 'printf "\\n%s 000\\n" "$t"; yes'],
  ])('a script with endless %s fails, and the scripts beside it do not', async (_what, script) => {
    const shell = readingShell(local, rights, () => {});
    const [flood, next] = [failure(shell.run({ script, inside: true })), shell.run({ script: 'echo fine' })];
    expect(await flood).toMatchObject({ code: 'REPLY_TOO_LARGE', hint: expect.stringContaining('prints so much') });
    expect((await next).stdout.toString()).toBe('fine\n');
    shell.close();
  });

  test('keeps a bounded part of an endless reply', async () => {
    const shell = readingShell(local, rights, () => {});
    const held = process.memoryUsage().rss;
    await failure(shell.run({ script: 'yes' }));
    expect(process.memoryUsage().rss - held).toBeLessThan(200 * MIB);
    shell.close();
  });
});

describe('a login shell that prints without end', () => {
  const noisy: Launch = async (line) => launchLocal(`yes; ${line}`);

  test('refuses a command', async () => {
    const error = await failure(runShell(noisy, rights, { script: 'echo never', ...quiet }));
    expect(error).toMatchObject({ code: 'CONNECT_SHELL_REFUSED', message: expect.stringContaining('more than 1 MiB') });
  });

  test('refuses a read', async () => {
    const shell = readingShell(noisy, rights, () => {});
    expect((await failure(shell.run({ script: 'echo never' }))).code).toBe('CONNECT_SHELL_REFUSED');
  });

  test('is a greeting until it ends', async () => {
    const chatty: Launch = async (line) => launchLocal(`yes | head -c 1000000; ${line}`);
    const reported: string[] = [];
    const onStdout = (bytes: Buffer): void => void reported.push(bytes.toString());
    expect(await runShell(chatty, rights, { script: 'echo ran', ...quiet, onStdout })).toMatchObject({ code: 0 });
    expect(reported.join('')).toBe('ran\n');
  });
});

test.each([
  ['stdout', '1'],
  ['stderr', '2'],
])('an upload to a host that prints without end on %s fails', async (_stream, to) => {
  // Every program of the upload is there, and one more that prints: the host misbehaves.
  const flooding: Launch = async (line) => launchLocal(line.replace('eval "$s"', `yes >&${to} & eval "$s"`));
  const dialer: Dialer = NO_DIAL;
  const host = rawHost({ name: 'gw-1', rights, launch: flooding, dialer, close: async () => {} });
  const local = join(directory, 'local');
  const bytes = Buffer.alloc(300_000, 'b');
  writeFileSync(local, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const owner = process.getuid?.() ?? 0;
  const error = await failure(
    host.upload(local, join(directory, `remote${to}`), { sha256, mode: '0600', owner, group: owner }),
  );
  expect(error).toMatchObject({ code: 'REPLY_TOO_LARGE', host: 'gw-1' });
  await host.close();
});

test('a reader that refuses the output of a command ends it', async () => {
  const refuse = (): void => {
    throw new OrchError('X_REFUSED', 'not this');
  };
  const running = runShell(local, rights, { script: 'yes', ...quiet, onStdout: refuse });
  expect(await failure(running)).toMatchObject({ code: 'X_REFUSED' });
});

test('a command that prints without end keeps its last mebibyte', async () => {
  const { stdout, stderr } = await runCommand(local, rights, {
    script: 'head -c 200000000 /dev/zero | tr "\\0" x; echo end; head -c 50000000 /dev/zero >&2; echo error >&2',
  });
  expect(stdout).toHaveLength(MIB);
  expect(stdout.endsWith('xend\n')).toBe(true);
  expect(stderr).toHaveLength(MIB);
});

/** A server behind a dialer, which replies as `answer` does. */
async function dialled(answer: (socket: Socket) => void): Promise<Dialer & AsyncDisposable> {
  const path = join(directory, `${process.hrtime.bigint()}.sock`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  }).listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  const dial = (): Promise<Duplex> =>
    new Promise((resolve) => {
      const socket = connect(path, () => resolve(socket));
    });
  return {
    unix: dial,
    tcp: dial,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function endless(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
}

describe('a balancer on HAProxy’s socket', () => {
  const unused = (): Promise<never> => Promise.reject(new Error('no tool is used'));

  test.each([
    ['bytes', 'x'.repeat(1000).concat('\n')],
    ['lines', '\n'.repeat(1000)],
    ['one line', 'x'.repeat(65_536)],
  ])('that sends %s without end is an error', async (_what, text) => {
    await using dialer = await dialled((socket) => endless(socket, text));
    const error = await failure(haproxySocket(dialer, unused)('/run/haproxy.sock', 'show stat'));
    expect(error).toMatchObject({ code: 'HAPROXY_REPLY', message: expect.stringContaining('a reply of HAProxy is') });
    expect(error.hint).toContain('show info');
  });

  test('that sends so by a tool of the host is an error', async () => {
    const run = async () => ({ code: 0, stdout: Buffer.from('\n'.repeat(100_001)), stderr: Buffer.alloc(0) });
    const ask = haproxySocket({ ...NO_DIAL }, run);
    expect((await failure(ask('/run/haproxy.sock', 'show stat'))).code).toBe('HAPROXY_REPLY');
  });
});

const NO_DIAL: Dialer = {
  unix: async () => {
    const { DialError } = await import('../../src/transport/sockets/dialer.ts');
    throw new DialError('prohibited', 'no');
  },
  tcp: () => Promise.reject(new Error('not dialled')),
};

describe('an HTTP service', () => {
  const target = httpTarget({ port: 9080, path: '/', timeoutMs: 1500 });
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  test.each<readonly [string, (socket: Socket) => void]>([
    ['a header without end', (socket) => endless(socket, `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(100)}`)],
    ['interim answers without end', (socket) => endless(socket, 'HTTP/1.1 102 Processing\r\n\r\n')],
    ['a chunk extension without end', (socket) => endless(socket, `${head}1;${'x'.repeat(1000)}`)],
    ['a header byte by byte without end', (socket) => endless(socket, 'HTTP/1.1 200 OK\r\nX: y')],
  ])('that sends %s does not respond', async (_what, answer) => {
    await using dialer = await dialled(answer);
    expect((await failure(httpOverSocket(dialer, target))).code).toBe('HTTP_UNREACHABLE');
  });

  test('that sends a body in chunks of one byte without end is read to the limit', async () => {
    await using dialer = await dialled((socket) => {
      socket.write(head);
      endless(socket, '1\r\nx\r\n'.repeat(1000));
    });
    const reply = await httpOverSocket(dialer, { ...target, timeoutMs: 20_000 });
    expect(reply).toMatchObject({ status: 200, body: 'x'.repeat(64 * 1024) });
  });

  test('whose tool prints many interim responses is understood', async () => {
    const stdout = `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(40_000)}HTTP/1.1 204 No Content\r\n\r\n`;
    const run = async () => ({ code: 0, signal: null, stdout, stderr: '' });
    expect(await httpByTool(run, target)).toEqual({ status: 204, body: '' });
  });

  test('whose tool prints only line breaks gives no response, and soon', async () => {
    const run = async () => ({ code: 1, signal: null, stdout: '', stderr: '\n'.repeat(MIB) });
    expect((await failure(httpByTool(run, target))).code).toBe('HTTP_UNREACHABLE');
  });
});
