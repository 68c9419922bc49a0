import { chmodSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dockerOver } from '../../../src/docker/client.ts';
import { rawHost } from '../../../src/transport/raw-host.ts';
import { readingShell } from '../../../src/transport/read/reading-shell.ts';
import { runShell } from '../../../src/transport/shell/channel.ts';
import { dockerDial } from '../../../src/transport/sockets/dial.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import { installed } from '../../support/base/installed.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

/** Longer than the wait for a session that never becomes free. */
const LONG_S = 8;

let one: TestSshd;
let two: TestSshd;
let shut: TestSshd;
// All of them first: a server starts with commands that block this process, and with it the tests that run side by side.
beforeAll(async () => {
  one = await startSshd({ config: ['MaxSessions 1'] });
  two = await startSshd({ config: ['MaxSessions 2'] });
  shut = await startSshd({ config: ['DisableForwarding yes'] });
});
afterAll(async () => {
  for (const sshd of [one, two, shut]) await sshd?.[Symbol.asyncDispose]();
});

test.concurrent('with MaxSessions 1 a child that is left behind blocks no other command', async () => {
  const host = await one.connect();
  const begun = Date.now();
  expect(await host.run({ script: 'sleep 25.75 & echo hi' })).toMatchObject({ code: 0, stdout: 'hi\n' });
  expect(Date.now() - begun).toBeLessThan(20_000);
  await host.close();
});

describe.concurrent('Docker reached by sudo', () => {
  let base: string;
  let engine: Server;
  beforeAll(async () => {
    installed('/usr/bin/socat', 'socat');
    base = temporaryDirectory('engine');
    chmodSync(base, 0o755);
    // The socket is root's alone: the login user's forwarding does not reach it.
    engine = createHttpServer((asked, reply) => {
      const path = asked.url?.replace(/^\/v[\d.]+/, '').replace(/\?.*/, '');
      reply.setHeader('Api-Version', '1.44');
      if (path === '/info') reply.end(JSON.stringify({ ServerVersion: '1', DockerRootDir: '/d', Driver: 'overlay2' }));
      else if (path === '/version') reply.end(JSON.stringify({ ApiVersion: '1.44', MinAPIVersion: '1.24' }));
      else if (path === '/containers/slow/logs') setTimeout(() => reply.end('slow said\n'), LONG_S * 1000);
      else reply.end(`${path} said\n`);
    });
    await new Promise<void>((resolve) => engine.listen(join(base, 'engine.sock'), resolve));
  });
  afterAll(() => {
    engine.close();
  });

  async function open(sshd: TestSshd) {
    const link = await openLink(sshd.target(), { acceptNewHostKeys: false });
    const rights = { become: 'sudo' } as const;
    const host = rawHost({ name: 'test-host', rights, ...link });
    const docker = dockerOver(dockerDial(link.dialer, link.launch, rights, () => {}, join(base, 'engine.sock')));
    const close = async (): Promise<void> => {
      docker.close();
      await host.close();
    };
    return { host, docker, [Symbol.asyncDispose]: close };
  }

  test.each([1, 2])('with MaxSessions %i, Docker, commands and reads all get a session', async (room) => {
    await using opened = await open(room === 1 ? one : two);
    const { host, docker } = opened;
    const begun = Date.now();
    for (let time = 0; time < 3; time++) {
      expect((await docker.info()).ServerVersion).toBe('1');
      expect(await docker.logs('web', 5)).toBe('/containers/web/logs said\n');
      expect((await host.run({ argv: ['id', '-u'] })).stdout).toBe('0\n');
      expect(await host.stat('/')).toMatchObject({ type: 'directory' });
    }
    const all = Array.from({ length: 4 }, (_, i) => [
      docker.info(),
      docker.logs(`web${i}`, 5),
      host.run({ script: 'sleep 0.2; echo done' }),
      host.stat(`/${i}`),
    ]);
    const outcomes = await Promise.allSettled(all.flat());
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    // Two dozen times a session changes its user; one that is kept too long costs seconds each time.
    expect(Date.now() - begun).toBeLessThan(40_000);
  });

  test('where sshd forwards nothing, Docker is still reached', async () => {
    await using opened = await open(shut);
    expect((await opened.docker.info()).ServerVersion).toBe('1');
    expect(await opened.docker.logs('web', 5)).toBe('/containers/web/logs said\n');
  });

  test('a command and a read wait for a slow Engine', async () => {
    await using opened = await open(one);
    const { host, docker } = opened;
    await docker.info();
    const slow = docker.logs('slow', 5);
    const command = host.run({ argv: ['echo', 'on'] });
    expect(await slow).toBe('slow said\n');
    expect((await command).stdout).toBe('on\n');
    const [again, stat] = await Promise.all([docker.logs('slow', 5), host.stat('/')]);
    expect(again).toBe('slow said\n');
    expect(stat).toMatchObject({ type: 'directory' });
  });

  test('an Engine waits for a slow command', async () => {
    await using opened = await open(one);
    const { host, docker } = opened;
    await docker.info();
    // Longer than a shell may take to begin once it has its session.
    const command = host.run({ argv: ['sleep', '17'] });
    const [log] = await Promise.all([docker.logs('web', 5), command]);
    expect(log).toBe('/containers/web/logs said\n');
  });
});

test.concurrent('a command waits for a slow script of the read shell; a script waits as long as it must', async ({
  expect,
}) => {
  const link = await openLink(one.target(), { acceptNewHostKeys: false });
  const rights = { become: 'sudo' } as const;
  const shell = readingShell(link.launch, rights, () => {});
  let begun = false;
  const reported = {
    onStdout: () => {
      begun = true;
    },
    onStderr: () => {},
  };
  const long = shell.run({ script: `sleep ${LONG_S}; echo read` });
  const command = runShell(link.launch, rights, { script: 'echo begun; sleep 3', ...reported });
  expect((await long).stdout.toString()).toBe('read\n');
  await expect.poll(() => begun).toBe(true);
  const asked = Date.now();
  // Its timeout is for the script, not for the wait before it.
  const brief = shell.run({ script: 'echo after', idleMs: 2000 });
  expect((await brief).stdout.toString()).toBe('after\n');
  expect(Date.now() - asked).toBeGreaterThan(2000);
  expect(await command).toMatchObject({ code: 0 });
  await link.close();
});
