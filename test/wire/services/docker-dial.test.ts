import { execFileSync } from 'node:child_process';
import { chmodSync, symlinkSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchLocal } from '../../../src/transport/local/local-process.ts';
import { dockerDial } from '../../../src/transport/sockets/dial.ts';
import { DialError } from '../../../src/transport/sockets/dialer.ts';
import { installed } from '../../support/base/installed.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { locked, startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
let base: string;
let engine: Server;
beforeAll(async () => {
  sshd = await startSshd();
  base = temporaryDirectory('dial');
  engine = createServer((asked, reply) => reply.end(`${asked.method} ${asked.url}`));
  await new Promise<void>((resolve) => engine.listen(join(base, 'engine.sock'), resolve));
});
afterAll(async () => {
  engine.close();
  await sshd[Symbol.asyncDispose]();
});

/** One GET on a dialed socket. */
const ask = (socket: Duplex, path: string): Promise<string> =>
  new Promise<string>((resolve, reject) => {
    const call = request({ createConnection: () => socket, path, headers: { host: 'docker' } }, (reply) => {
      let body = '';
      reply.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      reply.on('end', () => resolve(body));
      reply.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  }).finally(() => socket.destroy());

const prohibited = async (): Promise<never> => {
  throw new DialError('prohibited', 'nothing is forwarded');
};

/** Dials without forwarding, on a host whose PATH holds only these programs. */
function dialWith(
  programs: Readonly<Record<string, string>>,
  path: string,
  sessions: boolean[] = [],
): () => Promise<Duplex> {
  const bin = temporaryDirectory('bin', base);
  chmodSync(bin, 0o755);
  for (const tool of ['sh', 'dd'])
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
  for (const [name, file] of Object.entries(programs)) symlinkSync(file, join(bin, name));
  return dockerDial(
    { tcp: prohibited, unix: prohibited },
    async (line) => launchLocal(line, { PATH: bin }),
    { become: 'none' },
    (open) => sessions.push(open),
    path,
  );
}

test('the engine of a host responds to a user who reaches it only by sudo', async () => {
  const host = await sshd.connect();
  for (let time = 0; time < 2; time++) expect(await ask(await host.dialDocker(), '/_ping')).toBe('OK');
  const many = await Promise.all(Array.from({ length: 4 }, async () => await ask(await host.dialDocker(), '/_ping')));
  expect(many).toEqual(['OK', 'OK', 'OK', 'OK']);
  await host.close();
});

test('it responds by a forwarded socket where the user may open it', async () => {
  await using free = await startSshd({ sudo: 'none' });
  const group = execFileSync('stat', ['-Lc', '%G', '/var/run/docker.sock'], { encoding: 'utf8' }).trim();
  locked('usermod', ['-aG', group, free.user]);
  const host = await free.connect({ become: 'none' });
  expect(await ask(await host.dialDocker(), '/_ping')).toBe('OK');
  await host.close();
});

test('a user without access gets a clear error', async () => {
  const host = await sshd.connect({ become: 'none' });
  await expect(ask(await host.dialDocker(), '/_ping')).rejects.toMatchObject({ code: 'DOCKER_DENIED' });
  await host.close();
});

test('socat replaces a missing docker CLI', async () => {
  const sessions: boolean[] = [];
  const dial = dialWith({ socat: installed('/usr/bin/socat', 'socat') }, join(base, 'engine.sock'), sessions);
  expect(await ask(await dial(), '/version')).toBe('GET /version');
  await expect.poll(() => sessions).toEqual([true, false]);
});

test('no engine, an engine that is down, no tool to reach it with', async () => {
  const docker = execFileSync('which', ['docker'], { encoding: 'utf8' }).trim();
  await expect(ask(await dialWith({}, join(base, 'none.sock'))(), '/')).rejects.toMatchObject({
    code: 'DOCKER_NOT_FOUND',
  });
  await expect(ask(await dialWith({ docker }, join(base, 'none.sock'))(), '/')).rejects.toMatchObject({
    code: 'DOCKER_UNREACHABLE',
    retryable: true,
  });
  await expect(ask(await dialWith({}, join(base, 'engine.sock'))(), '/')).rejects.toMatchObject({
    code: 'DOCKER_DENIED',
    hint: expect.stringContaining('socat'),
  });
});
