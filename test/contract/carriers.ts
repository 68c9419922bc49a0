import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectLocal } from '../../src/transport/local/local.ts';
import { launchLocal } from '../../src/transport/local/local-process.ts';
import { rawHost } from '../../src/transport/raw-host.ts';
import { DialError } from '../../src/transport/sockets/dialer.ts';
import { installed } from '../support/base/installed.ts';
import { temporaryDirectory } from '../support/base/temporary-directory.ts';
import { type SshdOptions, startSshd } from '../support/ssh/sshd.ts';
import type { OpenConnection } from './connection.ts';

/** This machine itself, without SSH. */
export async function overLocal(): Promise<OpenConnection> {
  const host = await connectLocal('here', { become: 'none' });
  return { host, [Symbol.asyncDispose]: () => host.close() };
}

/** A real sshd with these options. */
export async function overSsh(options: SshdOptions = {}): Promise<OpenConnection> {
  const sshd = await startSshd(options);
  installed('/usr/bin/socat', 'socat');
  // bash reads this even for a command that comes over ssh.
  writeFileSync(join(sshd.home, '.bashrc'), 'echo "Welcome!"; echo "mind the step" >&2\n');
  const host = await sshd.connect();
  return {
    host,
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await sshd[Symbol.asyncDispose]();
    },
  };
}

/** Busybox for shell and all tools, perl for sockets, and no program that forwards. */
export async function overBusybox(): Promise<OpenConnection> {
  const bin = temporaryDirectory('busybox');
  const busybox = installed('/bin/busybox', 'busybox-static');
  execFileSync(busybox, ['--install', '-s', bin]);
  for (const real of ['ps', 'mount', 'umount', 'perl', 'flock']) {
    rmSync(join(bin, real), { force: true });
    symlinkSync(execFileSync('which', [real], { encoding: 'utf8' }).trim(), join(bin, real));
  }
  const prohibited = async (): Promise<never> => {
    throw new DialError('prohibited', 'nothing is forwarded');
  };
  const host = rawHost({
    name: 'busybox',
    rights: { become: 'none' },
    launch: async (line) => launchLocal(line, { PATH: bin }),
    dialer: { tcp: prohibited, unix: prohibited },
    close: async () => undefined,
  });
  return { host, [Symbol.asyncDispose]: () => host.close() };
}
