import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import type { SshSettings } from '../../../src/core/host/ssh-settings.ts';
import { sshConfig } from '../../../src/transport/ssh/config/config.ts';
import { resolveTarget } from '../../../src/transport/ssh/config/destination.ts';
import { sshHops } from '../../../src/transport/ssh/connect/hops.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { installed } from '../../support/base/installed.ts';
import { configCases, directory, file, included, read } from '../../support/ssh/ssh-config-cases.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

beforeAll(() => void installed('/usr/bin/ssh', 'openssh-client'));

describe('a configuration file', configCases);

/** Puts a script in place of ssh; `LOG` in it is a file, whose lines are returned. */
async function withSsh(script: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const bin = `${file('')}.d`;
  const log = join(bin, 'log');
  mkdirSync(bin);
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\n${script.replaceAll('LOG', log)}\n`, { mode: 0o755 });
  writeFileSync(log, '');
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  try {
    await work();
  } finally {
    process.env.PATH = path;
  }
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

describe('the OpenSSH client is asked', () => {
  const counted = async (text: string, addresses: readonly string[]): Promise<number> => {
    const lines = await withSsh('echo "$*" >>LOG\nexec /usr/bin/ssh "$@"', async () => {
      const config = sshConfig();
      const named = file(text);
      await Promise.all(addresses.map((address) => resolveTarget(address, { address, config: named }, config)));
    });
    return lines.filter((line) => !line.includes('host.invalid')).length;
  };

  test('never, where the files have no relevant line', async () => {
    const debian = `${included('# nothing\nSendEnv LANG\n')}\nHost *\n  SendEnv LANG LC_*\n  HashKnownHosts yes\n  GSSAPIAuthentication yes\n`;
    expect(await counted(debian, ['a', 'b', 'c'])).toBe(0);
  });

  test('once per host', async () => {
    expect(await counted('Port 3\n', ['a', 'b', 'a'])).toBe(2);
    expect(await counted(included('Host a\n  Port 3\n'), ['a'])).toBe(1);
    expect(await counted("Include '/nowhere'\n", ['a'])).toBe(1);
  });

  test('of at most four hosts at the same time', async () => {
    const addresses = Array.from({ length: 12 }, (_, index) => `host-${index}`);
    const config = sshConfig();
    const named = file('Port 3\n');
    // The first question after a start also asks for the defaults.
    await resolveTarget('first', { address: 'first', config: named }, config);
    const lines = await withSsh('echo start >>LOG\nsleep 0.2\n/usr/bin/ssh "$@"\necho end >>LOG', () =>
      Promise.all(addresses.map((address) => resolveTarget(address, { address, config: named }, config))),
    );
    let running = 0;
    const most = lines.map((line) => (running += line === 'start' ? 1 : -1));
    expect(lines.length).toBe(24);
    expect(Math.max(...most)).toBe(4);
  });
});

describe('Match exec', () => {
  const ran = join(directory, 'ran');
  const gw = { address: 'gw' };
  const lines: readonly (readonly [name: string, text: string])[] = [
    ['alone', `Match exec "touch ${ran}"\n  Port 3\nMatch all\n  Port 4\n`],
    ['after other conditions', `Match host gw EXEC "touch ${ran}"\n  Port 3\nMatch all\n  Port 4\n`],
    [
      'negated',
      `Match !exec "touch ${ran}; false"\n  User ops\nMatch exec "touch ${ran}"\n  Port 3\nHost *\n  Port 4\n`,
    ],
    ['in an included file', `${included(`Match exec "touch ${ran}"\n  Port 3\n`)}\nMatch all\n  Port 4\n`],
    [
      'in a file that only ssh can include',
      `Include '${file(`Match exec "touch ${ran}"\n  Port 3\n`)}'\nMatch all\n  Port 4\n`,
    ],
  ];

  test.each(lines)('%s: runs its command for connections to hosts', async (_name, text) => {
    rmSync(ran, { force: true });
    expect(await read(text, gw)).toMatchObject({ target: { port: 3 }, warnings: [] });
    expect(existsSync(ran)).toBe(true);
  });

  test.each(lines)('%s: runs nothing where hosts are only shown, and reports it', async (_name, text) => {
    rmSync(ran, { force: true });
    const { target, warnings } = await read(text, gw, { runsCommands: false });
    expect(target.port).toBe(4);
    expect(existsSync(ran)).toBe(false);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Match exec (in an included file )?\(\S+config_\d+:\d(, \S+:\d)?\) does not run its command here and/,
      ),
    ]);
  });

  test('runs nothing there either when the user of a jump host is asked for', async () => {
    rmSync(ran, { force: true });
    const text = `Match exec "touch ${ran}"\n  Port 3\nHost b\n  User root\n`;
    const settings = { address: 'gw', user: 'ops', jump: 'bastion' };
    expect((await read(text, settings, { runsCommands: false })).target.jump).toMatchObject({ user: 'ops', port: 22 });
    expect(existsSync(ran)).toBe(false);
  });

  test('is not mentioned where there is none', async () => {
    const text = 'Match host exec-1\n  Port 3\nMatch all\n  Port 4\n';
    expect((await read('Port 4\nHost exec\n', gw, { runsCommands: false })).warnings).toEqual([]);
    expect((await read(text.replace('exec-1', 'b'), gw, { runsCommands: false })).warnings).toEqual([]);
  });
});

test('where ssh does not report the user of a jump host, the host does not share its password with it', async () => {
  const before = process.env.TMPDIR;
  const password = Secret.of('a-password');
  const settings = { address: 'gw', user: 'ops', jump: 'bastion', password, config: file('Host b\n  User b\n') };
  process.env.TMPDIR = '/nowhere';
  try {
    const { target, warnings } = await read('', settings);
    expect(target).toMatchObject({ password, jump: { user: 'ops' } });
    expect(target.jump?.password).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('write "jump: ops@bastion" to send it')]);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('an ssh that does not run for a user without a name is refused with a hint', async () => {
  await withSsh('exec setpriv --reuid=399999999 --clear-groups /usr/bin/ssh "$@"', async () => {
    await expect(read('Port 3\n', { address: 'gw' })).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_UNSUPPORTED',
      message: expect.stringMatching(/config_\d+:1\), and ssh does not run for uid \d+, which has no name$/),
      hint: expect.stringMatching(/^run api7-orch as a user of \/etc\/passwd, or set "config: none"/),
    });
  });
});

test('a local user without a name must name one for the host', async () => {
  const config = sshConfig();
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

  const enter = async (text: string, settings: Partial<SshSettings> = {}): Promise<string> => {
    const resolved = await resolveTarget('gw-1', { address: 'gw', config: file(text), ...settings }, sshConfig());
    const host = await connectSsh(resolved, { acceptNewHostKeys: false, hops: sshHops() });
    try {
      return (await host.run({ argv: ['sh', '-c', 'echo "$SUDO_USER"'] })).stdout.trim();
    } finally {
      await host.close();
    }
  };

  test('through two jump hosts in a row, each with its own user, key and known_hosts', async () => {
    const text = [
      block('outer', outer, knows(outer)),
      block('inner', inner, knows(inner)),
      block('gw', target, knows(target), 'ProxyJump outer,inner'),
    ].join('\n');
    expect(await enter(text)).toBe(target.user);
  });

  test('through a jump host that lies behind another by its own configuration', async () => {
    const text = [
      block('outer', outer, knows(outer)),
      block('inner', inner, knows(inner), 'ProxyJump outer'),
      block('gw', target, knows(target)),
    ].join('\n');
    expect(await enter(text, { jump: 'inner' })).toBe(target.user);
  });

  test('a jump host is checked by its own name, not by that of the host behind it', async () => {
    const text = [block('outer', outer, knows(target)), block('gw', target, knows(target), 'ProxyJump outer')].join(
      '\n',
    );
    await expect(enter(text)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_UNKNOWN',
      message: expect.stringContaining(`[127.0.0.1]:${outer.port}`),
    });
  });

  test('HostKeyAlias: the key is looked up, and added, under the alias alone', async () => {
    const known = file(`the-alias ${target.hostKey()}\n`);
    expect(await enter(block('gw', target, 'HostKeyAlias The-Alias', `UserKnownHostsFile ${known}`))).toBe(target.user);
    await expect(enter(block('gw', target, 'HostKeyAlias other', knows(target)))).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_UNKNOWN',
      message: expect.stringContaining('other: the host key is unknown'),
      hint: expect.stringContaining("sed 's/^[^ ]*/other/'"),
    });
    const fresh = file('');
    const accepting = ['HostKeyAlias other', `UserKnownHostsFile ${fresh}`, 'StrictHostKeyChecking accept-new'];
    expect(await enter(block('gw', target, ...accepting))).toBe(target.user);
    expect(readFileSync(fresh, 'utf8')).toBe(`other ${target.hostKey()}\n`);
  });

  test.each([
    ['yes', 'CONNECT_HOST_KEY_UNKNOWN', 'CONNECT_HOST_KEY_CHANGED'],
    ['ask', 'CONNECT_HOST_KEY_UNKNOWN', 'CONNECT_HOST_KEY_CHANGED'],
    ['accept-new', 'in', 'CONNECT_HOST_KEY_CHANGED'],
    ['no', 'in', 'CONNECT_HOST_KEY_CHANGED'],
  ])('StrictHostKeyChecking %s: an unknown key is %s, a changed one %s', async (value, unknown, changed) => {
    const code = async (known: string): Promise<unknown> =>
      await enter(block('gw', target, `StrictHostKeyChecking ${value}`, `UserKnownHostsFile ${known}`)).then(
        () => 'in',
        (error: { readonly code?: unknown }) => error.code,
      );
    expect(await code(file(''))).toBe(unknown);
    expect(await code(file(`[127.0.0.1]:${target.port} ${outer.hostKey()}\n`))).toBe(changed);
  });

  test("a new key goes to the first of the user's files, its name hashed so that ssh-keygen finds it", async () => {
    const [first, second] = [file('# mine\n'), file('')];
    const lines = [`UserKnownHostsFile ${first} ${second}`, 'StrictHostKeyChecking accept-new', 'HashKnownHosts yes'];
    expect(await enter(block('gw', target, ...lines))).toBe(target.user);
    expect(readFileSync(second, 'utf8')).toBe('');
    expect(readFileSync(first, 'utf8')).toMatch(/^# mine\n\|1\|\S+ ssh-ed25519 \S+\n$/);
    const found = execFileSync('ssh-keygen', ['-F', `[127.0.0.1]:${target.port}`, '-f', first], { encoding: 'utf8' });
    expect(found).toContain(target.hostKey().split(' ')[1]);
    expect(await enter(block('gw', target, `UserKnownHostsFile ${second} ${first}`))).toBe(target.user);
  });

  test.each(['no', 'accept-new'])(
    'without known_hosts files (StrictHostKeyChecking %s) a new key is accepted, saved in no file, and is the only one that this run accepts again',
    async (strict) => {
      const lines = [
        ...['UserKnownHostsFile /dev/null', 'GlobalKnownHostsFile none'],
        ...[`StrictHostKeyChecking ${strict}`, `HostKeyAlias one-of-many-${strict}`],
      ];
      for (let time = 0; time < 2; time++) expect(await enter(block('gw', target, ...lines))).toBe(target.user);
      await expect(enter(block('gw', inner, ...lines))).rejects.toMatchObject({
        code: 'CONNECT_HOST_KEY_CHANGED',
        message: expect.stringMatching(
          /^one-of-many-\S+: host key differs from the earlier one of this run; received ssh-ed25519 SHA256:/,
        ),
        hint: expect.not.stringContaining('ssh-keygen'),
        retryable: false,
      });
      expect(await enter(block('gw', target, ...lines))).toBe(target.user);
    },
  );

  test('IdentitiesOnly excludes other keys of the agent', async () => {
    const socket = join(directory, 'agent');
    const agent = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' });
    try {
      const env = { ...process.env, SSH_AUTH_SOCK: socket };
      execFileSync('ssh-add', ['-q', target.identityFile], { env });
      const lines = [`IdentityAgent ${socket}`, `IdentityFile ${outer.identityFile}`, knows(target)];
      const host = ['Host gw', 'HostName 127.0.0.1', `Port ${target.port}`, `User ${target.user}`, ...lines];
      expect(await enter(host.join('\n  '))).toBe(target.user);
      await expect(enter([...host, 'IdentitiesOnly yes'].join('\n  '))).rejects.toMatchObject({
        code: 'CONNECT_AUTH_FAILED',
      });
    } finally {
      const [, pid] = /SSH_AGENT_PID=(\d+)/.exec(agent) ?? [];
      process.kill(Number(pid));
    }
  });

  test('unusable settings are reported when the login fails', async () => {
    const text = block('gw', target, knows(target), 'CertificateFile ~/other-cert.pub').replace(
      target.identityFile,
      outer.identityFile,
    );
    await expect(enter(text)).rejects.toMatchObject({
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
