import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SshSettings } from '../../src/core/ssh-settings.ts';
import { connectSsh } from '../../src/transport/ssh.ts';
import { type SshConfigOptions, sshConfig } from '../../src/transport/ssh-config.ts';
import { resolveTarget } from '../../src/transport/ssh-destination.ts';
import { sshHops } from '../../src/transport/ssh-hops.ts';
import { installed } from '../support/installed.ts';
import { describeReader, directory, file, included } from '../support/ssh-config-cases.ts';
import { startSshd, type TestSshd } from '../support/sshd.ts';

beforeAll(() => void installed('/usr/bin/ssh', 'openssh-client'));

describeReader('openssh');

describe('the OpenSSH client is asked', () => {
  const counted = async (text: string, addresses: readonly string[]): Promise<number> => {
    const bin = `${file('')}.d`;
    const log = join(bin, 'log');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\necho "$*" >>${log}\nexec /usr/bin/ssh "$@"\n`, { mode: 0o755 });
    writeFileSync(log, '');
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      const config = sshConfig();
      const named = file(text);
      await Promise.all(addresses.map((address) => resolveTarget(address, { address, config: named }, config)));
    } finally {
      process.env.PATH = path;
    }
    const lines = execFileSync('cat', [log], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line !== '' && !line.includes('host.invalid')).length;
  };

  test('never, where the files say nothing that matters', async () => {
    const debian = `${included('# nothing\nSendEnv LANG\n')}\nHost *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n  GSSAPIAuthentication yes\n`;
    expect(await counted(debian, ['a', 'b', 'c'])).toBe(0);
  });

  test('once per host', async () => {
    expect(await counted('Port 3\n', ['a', 'b', 'a'])).toBe(2);
    expect(await counted(included('Host a\n  Port 3\n'), ['a'])).toBe(1);
    expect(await counted("Include '/nowhere'\n", ['a'])).toBe(1);
  });
});

test('a user of this machine who has no name has to name one of the host', async () => {
  const config = sshConfig({ reader: 'own' });
  const target = (settings: Partial<SshSettings>) =>
    resolveTarget('gw-1', { address: 'gw', config: 'none', ...settings }, config);
  process.seteuid?.(3_999_999_999);
  try {
    await expect(target({})).rejects.toMatchObject({
      code: 'CONNECT_USER_UNKNOWN',
      hint: expect.stringContaining('ssh.user'),
    });
    expect((await target({ user: 'ops' })).user).toBe('ops');
  } finally {
    process.seteuid?.(0);
  }
});

describe('hosts reached as configured', () => {
  let target: TestSshd;
  let outer: TestSshd;
  let inner: TestSshd;
  beforeAll(async () => {
    [target, outer, inner] = await Promise.all([startSshd(), startSshd(), startSshd()]);
  });
  afterAll(async () => {
    await Promise.all([target, outer, inner].map((sshd) => sshd[Symbol.asyncDispose]()));
  });

  const block = (name: string, sshd: TestSshd, ...lines: readonly string[]): string =>
    [
      `Host ${name}`,
      'HostName 127.0.0.1',
      `Port ${sshd.port}`,
      `User ${sshd.user}`,
      `IdentityFile ${sshd.identityFile}`,
      'IdentitiesOnly yes',
      ...lines,
      '',
    ].join('\n  ');
  const knows = (sshd: TestSshd): string => `UserKnownHostsFile ${sshd.knownHosts}`;

  const enter = async (
    text: string,
    reader: SshConfigOptions['reader'],
    settings: Partial<SshSettings> = {},
  ): Promise<string> => {
    const config = sshConfig(reader === undefined ? {} : { reader });
    const resolved = await resolveTarget('gw-1', { address: 'gw', config: file(text), ...settings }, config);
    const host = await connectSsh(resolved, { acceptNewHostKeys: false, hops: sshHops() });
    try {
      return (await host.run({ argv: ['sh', '-c', 'echo "$SUDO_USER"'] })).stdout.trim();
    } finally {
      await host.close();
    }
  };

  test.each(['openssh', 'own'] as const)(
    'through two jump hosts in a row, each with its own user, key and known_hosts (%s)',
    async (reader) => {
      const text = [
        block('outer', outer, knows(outer)),
        block('inner', inner, knows(inner)),
        block('gw', target, knows(target), 'ProxyJump outer,inner'),
      ].join('\n');
      expect(await enter(text, reader)).toBe(target.user);
    },
  );

  test('through a jump host that lies behind another by its own configuration', async () => {
    const text = [
      block('outer', outer, knows(outer)),
      block('inner', inner, knows(inner), 'ProxyJump outer'),
      block('gw', target, knows(target)),
    ].join('\n');
    expect(await enter(text, undefined, { jump: 'inner' })).toBe(target.user);
  });

  test('a jump host is checked by its own name, not by that of the host behind it', async () => {
    const text = [block('outer', outer, knows(target)), block('gw', target, knows(target), 'ProxyJump outer')].join(
      '\n',
    );
    await expect(enter(text, undefined)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_UNKNOWN',
      message: expect.stringContaining(`[127.0.0.1]:${outer.port}`),
    });
  });

  test('HostKeyAlias: the key is looked up, and added, under the alias alone', async () => {
    const known = file(`the-alias ${target.hostKey()}\n`);
    expect(await enter(block('gw', target, 'HostKeyAlias The-Alias', `UserKnownHostsFile ${known}`), undefined)).toBe(
      target.user,
    );
    await expect(enter(block('gw', target, 'HostKeyAlias other', knows(target)), undefined)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_UNKNOWN',
      message: expect.stringContaining('the key of other is not known'),
      hint: expect.stringContaining("sed 's/^[^ ]*/other/'"),
    });
    const fresh = file('');
    const accepting = ['HostKeyAlias other', `UserKnownHostsFile ${fresh}`, 'StrictHostKeyChecking accept-new'];
    expect(await enter(block('gw', target, ...accepting), undefined)).toBe(target.user);
    expect(readFileSync(fresh, 'utf8')).toBe(`other ${target.hostKey()}\n`);
  });

  test.each([
    ['yes', 'CONNECT_HOST_KEY_UNKNOWN', 'CONNECT_HOST_KEY_CHANGED'],
    ['ask', 'CONNECT_HOST_KEY_UNKNOWN', 'CONNECT_HOST_KEY_CHANGED'],
    ['accept-new', 'in', 'CONNECT_HOST_KEY_CHANGED'],
    ['no', 'in', 'CONNECT_HOST_KEY_CHANGED'],
  ])('StrictHostKeyChecking %s: an unknown key is %s, a changed one %s', async (value, unknown, changed) => {
    const code = async (known: string): Promise<unknown> =>
      await enter(block('gw', target, `StrictHostKeyChecking ${value}`, `UserKnownHostsFile ${known}`), undefined).then(
        () => 'in',
        (error: { readonly code?: unknown }) => error.code,
      );
    expect(await code(file(''))).toBe(unknown);
    expect(await code(file(`[127.0.0.1]:${target.port} ${outer.hostKey()}\n`))).toBe(changed);
  });

  test("a new key goes to the first of the user's files, its name hashed so that ssh-keygen finds it", async () => {
    const [first, second] = [file('# mine\n'), file('')];
    const lines = [`UserKnownHostsFile ${first} ${second}`, 'StrictHostKeyChecking accept-new', 'HashKnownHosts yes'];
    expect(await enter(block('gw', target, ...lines), undefined)).toBe(target.user);
    expect(readFileSync(second, 'utf8')).toBe('');
    expect(readFileSync(first, 'utf8')).toMatch(/^# mine\n\|1\|\S+ ssh-ed25519 \S+\n$/);
    const found = execFileSync('ssh-keygen', ['-F', `[127.0.0.1]:${target.port}`, '-f', first], { encoding: 'utf8' });
    expect(found).toContain(target.hostKey().split(' ')[1]);
    expect(await enter(block('gw', target, `UserKnownHostsFile ${second} ${first}`), undefined)).toBe(target.user);
  });

  test.each(['no', 'accept-new'])(
    'without known_hosts files (StrictHostKeyChecking %s) a new key is let in, kept in no file, and is the only one that this run lets in again',
    async (strict) => {
      const lines = [
        ...['UserKnownHostsFile /dev/null', 'GlobalKnownHostsFile none'],
        ...[`StrictHostKeyChecking ${strict}`, `HostKeyAlias one-of-many-${strict}`],
      ];
      for (let time = 0; time < 2; time++)
        expect(await enter(block('gw', target, ...lines), undefined)).toBe(target.user);
      await expect(enter(block('gw', inner, ...lines), undefined)).rejects.toMatchObject({
        code: 'CONNECT_HOST_KEY_CHANGED',
        message: expect.stringMatching(
          /^one-of-many-\S+ presents another key than this run knows: ssh-ed25519 SHA256:/,
        ),
        hint: expect.not.stringContaining('ssh-keygen'),
        retryable: false,
      });
      expect(await enter(block('gw', target, ...lines), undefined)).toBe(target.user);
    },
  );

  test('IdentitiesOnly holds back the agent', async () => {
    const socket = join(directory, 'agent');
    const agent = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' });
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      execFileSync('ssh-add', ['-q', target.identityFile], { env });
      const lines = [`IdentityAgent ${socket}`, `IdentityFile ${outer.identityFile}`, knows(target)];
      const host = ['Host gw', 'HostName 127.0.0.1', `Port ${target.port}`, `User ${target.user}`, ...lines];
      expect(await enter(host.join('\n  '), undefined)).toBe(target.user);
      await expect(enter([...host, 'IdentitiesOnly yes'].join('\n  '), undefined)).rejects.toMatchObject({
        code: 'CONNECT_AUTH_FAILED',
      });
    } finally {
      const [, pid] = /SSH_AGENT_PID=(\d+)/.exec(agent) ?? [];
      process.kill(Number(pid));
    }
  });

  test('what cannot be used is told when the login fails', async () => {
    const text = block('gw', target, knows(target), 'CertificateFile ~/other-cert.pub').replace(
      target.identityFile,
      outer.identityFile,
    );
    await expect(enter(text, undefined)).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringContaining('CertificateFile ~/other-cert.pub left out'),
    });
  });

  test('many new keys at once are each added once', async () => {
    const known = file('');
    const lines = [`UserKnownHostsFile ${known}`, 'StrictHostKeyChecking accept-new'];
    const text = ['a', 'b', 'c']
      .map((name) => block(name, { a: target, b: outer, c: inner }[name] ?? target, ...lines))
      .join('\n');
    const addresses = ['a', 'b', 'c', 'a', 'b', 'c'];
    const config = sshConfig();
    const path = file(text);
    const hosts = await Promise.all(
      addresses.map(async (address) =>
        connectSsh(await resolveTarget(address, { address, config: path }, config), { acceptNewHostKeys: false }),
      ),
    );
    await Promise.all(hosts.map((host) => host.close()));
    expect(readFileSync(known, 'utf8').split('\n').filter(Boolean).sort()).toEqual(
      [target, outer, inner].map((sshd) => `[127.0.0.1]:${sshd.port} ${sshd.hostKey()}`).sort(),
    );
  });
});
