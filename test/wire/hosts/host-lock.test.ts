import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { launchLocal } from '../../../src/transport/local/local-process.ts';
import type { LockPaths } from '../../../src/transport/lock/fence.ts';
import { rawHost } from '../../../src/transport/raw-host.ts';
import { DialError } from '../../../src/transport/sockets/dialer.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { OpenConnection } from '../../contract/connection.ts';
import { hostLockContract } from '../../contract/host-lock.ts';
import { installed } from '../../support/base/installed.ts';
import { temporaryDirectory } from '../../support/base/temporary-directory.ts';
import { startSshd } from '../../support/ssh/sshd.ts';

const prohibited = async (): Promise<never> => {
  throw new DialError('prohibited', 'nothing is forwarded');
};

const owner = { token: 'a', run: 'r', by: 'ops@desk', verb: 'run install' };

/** This machine itself, with these programs. */
function overShell(paths: LockPaths, path = process.env.PATH ?? ''): OpenConnection {
  const host = rawHost({
    name: 'here',
    rights: { become: 'none' },
    launch: async (line) => launchLocal(line, { PATH: path }),
    dialer: { tcp: prohibited, unix: prohibited },
    close: async () => undefined,
    lockPaths: paths,
  });
  return { host, [Symbol.asyncDispose]: () => host.close() };
}

function busyboxWith(...tools: readonly string[]): string {
  const bin = temporaryDirectory('busybox');
  execFileSync(installed('/bin/busybox', 'busybox-static'), ['--install', '-s', bin]);
  for (const name of ['flock', 'ps']) rmSync(join(bin, name), { force: true });
  for (const tool of tools) symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
  return bin;
}

hostLockContract('a local shell', async (paths) => overShell(paths), { rounds: 10 });
hostLockContract('busybox', async (paths) => overShell(paths, busyboxWith('flock', 'ps')));
hostLockContract('ssh', async (lockPaths) => {
  const sshd = await startSshd();
  const host = await connectSsh(sshd.target(), { acceptNewHostKeys: false, lockPaths });
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await sshd[Symbol.asyncDispose]();
    },
  };
});

test('a host without flock is refused, with the package to install', async () => {
  const base = temporaryDirectory('lock');
  await using opened = overShell({ run: join(base, 'run'), state: join(base, 'state') }, busyboxWith());
  await expect(opened.host.lock.take(owner, null)).rejects.toMatchObject({
    code: 'FLOCK_MISSING',
    host: 'here',
    hint: expect.stringContaining('util-linux'),
  });
});

test('a takeover ends the connection of the earlier run: no pending write arrives any more', async () => {
  const base = temporaryDirectory('lock');
  const lockPaths = { run: join(base, 'run'), state: join(base, 'state') };
  await using sshd = await startSshd();
  const open = () => connectSsh(sshd.target(), { acceptNewHostKeys: false, lockPaths });
  const first = await open();
  const second = await open();
  const { record, session } = await first.lock.take(owner, null);
  expect(record?.sessions).toEqual([session]);
  const other = (await second.lock.view()).session;
  expect(other?.pid).not.toBe(session?.pid);
  let left = await second.lock.endSessions(record?.sessions ?? []);
  for (let i = 0; i < 100 && left.length > 0; i++) {
    await delay(20);
    left = await second.lock.endSessions(left);
  }
  expect(left).toEqual([]);
  await expect(first.run({ argv: ['true'] })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  expect((await second.run({ argv: ['true'] })).code).toBe(0);
  await Promise.all([first.close(), second.close()]);
});
