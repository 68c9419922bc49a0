import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type Server as SocketServer } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchLocal } from '../../../src/transport/local/local-process.ts';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { rawHost } from '../../../src/transport/raw-host.ts';
import { DialError } from '../../../src/transport/sockets/dialer.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { installed } from '../../support/base/installed.ts';
import { listen } from '../../support/base/listen.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { startSshd } from '../../support/ssh/sshd.ts';

test('a server that allows few sessions is waited for', async () => {
  await using sshd = await startSshd({ config: ['MaxSessions 2'] });
  const host = await sshd.connect();
  const results = await Promise.all(Array.from({ length: 12 }, (_, i) => host.run({ script: `sleep 0.1; echo ${i}` })));
  expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 12 }, (_, i) => i));
  await host.close();
});

test('a server that allows no session is reported', async () => {
  await using sshd = await startSshd({ config: ['MaxSessions 0'] });
  const host = await sshd.connect();
  await expect(host.stat('/')).rejects.toMatchObject({
    code: 'CHANNEL_REFUSED',
    retryable: true,
    hint: expect.stringContaining('MaxSessions'),
  });
  await host.close();
});

test('a session whose start failed takes no room from the next', async () => {
  await using sshd = await startSshd();
  let left = 12;
  let open = 0;
  const server = new ssh2.Server({ hostKeys: [readFileSync(join(sshd.directory, 'host_ed25519'))] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (attempt) => attempt.accept());
    client.on('session', (accept) => {
      open++;
      accept()
        .on('close', () => open--)
        .on('exec', (run, refuse) => {
          if (left-- > 0) return refuse();
          const stream = run();
          stream.resume().stderr.end('refused');
          stream.exit(1);
          stream.end();
        });
    });
  });
  const port = await listen(server);
  const host = await connectSsh(sshd.target({ port, knownHosts: ['/dev/null'] }), { acceptNewHostKeys: true });
  const none = { code: 'CHANNEL_REFUSED', retryable: true, hint: expect.stringContaining('ulimit -u') };
  for (let i = 0; i < 12; i += 2)
    for (const work of await Promise.allSettled([host.run({ argv: ['true'] }), host.stat('/')]))
      expect(work).toMatchObject({ status: 'rejected', reason: none });
  await expect.poll(() => open).toBe(0);
  await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({ code: 'CONNECT_SHELL_REFUSED' });
  await host.close();
  server.close();
});

test('sudo that gives each command a terminal of its own changes nothing', async () => {
  await using sshd = await startSshd();
  execFileSync('sh', ['-c', `echo 'Defaults:${sshd.user} use_pty' >> /etc/sudoers.d/${sshd.user}`]);
  const host = await sshd.connect();
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
  const path = join(sshd.directory, 'bytes');
  await host.writeFile(path, bytes, { mode: '0600', owner: 0, group: 0 });
  expect((await host.read(path))?.equals(bytes)).toBe(true);
  const mark = `4${Date.now() % 100_000}.5`;
  await expect(host.run({ script: `sleep ${mark} & sleep ${mark}` }, { timeoutMs: 400 })).rejects.toMatchObject({
    code: 'TIMED_OUT',
  });
  expect((await host.run({ script: `ps -eo stat,args | grep "[s]leep ${mark}" | grep -v '^Z'` })).stdout).toBe('');
  await host.close();
});

describe('tools that replace forwarding', () => {
  const TOOLS: readonly (readonly [string, string, string])[] = [
    ['socat', '/usr/bin/socat', 'socat'],
    ['nc', '/bin/nc.openbsd', 'netcat-openbsd'],
    ['python3', '/usr/bin/python3', 'python3-minimal'],
    ['perl', '/usr/bin/perl', 'perl-base'],
  ];
  let base: string;
  let admin: SocketServer;
  let web: Server;
  let port: number;
  beforeAll(async () => {
    base = temporaryDirectory('tools');
    // Like HAProxy: a client that has sent everything still gets the reply.
    admin = createServer({ allowHalfOpen: true }, (socket) => {
      let asked = '';
      socket.on('data', (chunk) => {
        asked += chunk.toString();
        if (asked.endsWith('\n'))
          setTimeout(() => socket.end(`re: ${asked}${`${'x'.repeat(999)}\n`.repeat(300)}`), 100);
      });
    });
    await new Promise<void>((resolve) => admin.listen(join(base, 'admin.sock'), resolve));
    web = createHttpServer((request, reply) => {
      reply.statusCode = request.url === '/busy' ? 503 : 200;
      reply.end(`body of ${request.url}`);
    });
    port = await listen(web);
  });
  afterAll(() => {
    admin.close();
    web.close();
  });

  /** A host whose PATH holds these programs and nothing else. */
  function hostWith(programs: Readonly<Record<string, string>>): RawConnection {
    const bin = temporaryDirectory('bin', base);
    for (const tool of ['sh', 'dd', 'head', 'grep', 'stat', 'cat'])
      symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
    for (const [name, file] of Object.entries(programs)) symlinkSync(file, join(bin, name));
    chmodSync(bin, 0o755);
    const prohibited = async (): Promise<never> => {
      throw new DialError('prohibited', 'nothing is forwarded');
    };
    return rawHost({
      name: 'bare',
      rights: { become: 'none' },
      launch: async (line) => launchLocal(line, { PATH: bin }),
      dialer: { tcp: prohibited, unix: prohibited },
      close: async () => {},
    });
  }

  test.each(TOOLS)("HAProxy's socket by %s", async (name, file, debianPackage) => {
    const host = hostWith({ [name]: installed(file, debianPackage) });
    const reply = await host.haproxyShow(join(base, 'admin.sock'), 'stat');
    expect(reply.startsWith('re: show stat\n')).toBe(true);
    expect(reply.length).toBe(300_014);
  });

  test.each([
    ['curl', '/usr/bin/curl'],
    ['wget', '/usr/bin/wget'],
  ])('HTTP by %s', async (name, file) => {
    const host = hostWith({ [name]: installed(file, name) });
    expect(await host.httpGet({ port, path: '/a?b=c&d' })).toEqual({ status: 200, body: 'body of /a?b=c&d' });
    expect(await host.httpGet({ port, path: '/busy' })).toEqual({ status: 503, body: 'body of /busy' });
    await expect(host.httpGet({ port: 1, path: '/' })).rejects.toMatchObject({ code: 'HTTP_UNREACHABLE' });
  });

  test('with none of them, the package to install is named', async () => {
    const host = hostWith({});
    await expect(host.httpGet({ port: 1, path: '/' })).rejects.toMatchObject({
      code: 'FORWARDING_REFUSED',
      hint: expect.stringContaining('curl'),
    });
    await expect(host.haproxyShow(join(base, 'admin.sock'), 'stat')).rejects.toMatchObject({
      code: 'HAPROXY_DENIED',
      hint: expect.stringContaining('socat'),
    });
  });
});
