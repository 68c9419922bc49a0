import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OrchError } from '../../../src/core/base/errors.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { SshSettings } from '../../../src/core/host/ssh-settings.ts';
import { type SshConfigOptions, sshConfig } from '../../../src/transport/ssh/config/config.ts';
import { resolveTarget } from '../../../src/transport/ssh/config/destination.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { temporaryDirectory } from '../base/temporary-directory.ts';

/** Scratch directory of the test file. */
export const directory = temporaryDirectory('config');

const home = userInfo().homedir;
const me = userInfo().username;
process.env.ORCH_TEST_SOCKET = '/run/agent.sock';

let files = 0;
/** A configuration file with this text. */
export function file(text: string): string {
  const path = join(directory, `config_${files++}`);
  writeFileSync(path, text);
  return path;
}

interface Read {
  readonly target: SshTarget;
  readonly warnings: readonly string[];
}

export async function read(
  text: string | undefined,
  settings: SshSettings,
  options: Pick<SshConfigOptions, 'runsCommands'> = {},
): Promise<Read> {
  const warnings: string[] = [];
  const config = sshConfig({ ...options, warn: (warning) => warnings.push(warning) });
  const target = await resolveTarget('gw-1', { config: text === undefined ? 'none' : file(text), ...settings }, config);
  return { target, warnings };
}

const plain = {
  name: 'gw-1',
  port: 22,
  user: me,
  become: me === 'root' ? 'none' : 'sudo',
  connectTimeoutMs: 10_000,
} as const;

/** A line that includes a file with this text. */
export const included = (text: string): string => {
  const path = file(text);
  return `Include ${path}`;
};

/** The result of a configuration file. */
export function configCases(): void {
  const rows: readonly (readonly [
    name: string,
    config: string,
    settings: SshSettings,
    expected: Partial<SshTarget> & { readonly address: string },
  ])[] = [
    ['nothing', '', { address: 'gw' }, { address: 'gw' }],
    ['a comment and what is of no concern', '# Port 3\nForwardAgent yes\n', { address: 'gw' }, { address: 'gw' }],
    [
      'a name of its own for a host',
      'Host gw\n  HostName 10.0.0.7\n  Port 2222\n  User ops\nHost *\n  User other\n  Port 9\n',
      { address: 'gw' },
      { address: '10.0.0.7', port: 2222, user: 'ops', become: 'sudo' },
    ],
    ['the first value holds', 'Port 3\nPort 4\nHost gw\nPort 5\n', { address: 'gw' }, { address: 'gw', port: 3 }],
    ['tokens in HostName', 'HostName %h.example.com\n', { address: 'gw' }, { address: 'gw.example.com' }],
    ['capital letters', 'HOST gw\n  hostname GW.Example\n', { address: 'gw' }, { address: 'gw.example' }],
    [
      'an equals sign, tabs and quotes',
      'Host\tgw\n\tPort=3\n\tUser "ops"\n',
      { address: 'gw' },
      { address: 'gw', port: 3, user: 'ops', become: 'sudo' },
    ],
    [
      'single quotes',
      "Match host 'gw'\n  Port 4\nHost 'gw' 'b'\n  Port 3\nHost *\n  User 'ops'\n  IdentityFile '/a key'\n",
      { address: 'gw' },
      { address: 'gw', port: 3, user: 'ops', become: 'sudo', identityFiles: ['/a key'] },
    ],
    [
      'lines that end as on Windows',
      'Host gw\r\n  Port 3\r\n\r\nHost b\r\n  Port 4\r\n',
      { address: 'gw' },
      { address: 'gw', port: 3 },
    ],
    [
      'a negated pattern',
      'Host *w !g*\n  Port 3\nHost * !x\n  Port 4\n',
      { address: 'gw' },
      { address: 'gw', port: 4 },
    ],
    [
      'a pattern with a question mark',
      'Host g?\n  Port 3\nHost g?w\n  Port 4\n',
      { address: 'gw' },
      { address: 'gw', port: 3 },
    ],
    [
      'Match host, by the new name',
      'HostName real\nMatch host real\n  Port 3\n',
      { address: 'gw' },
      { address: 'real', port: 3 },
    ],
    [
      'Match originalhost',
      'HostName real\nMatch originalhost gw,b\n  Port 3\n',
      { address: 'gw' },
      { address: 'real', port: 3 },
    ],
    [
      'Match, in another case than the host',
      'Match host GW,B\n  Port 3\nMatch originalhost Gw\n  User ops\nHost GW\n  Port 4\n',
      { address: 'gw' },
      { address: 'gw', port: 3, user: 'ops', become: 'sudo' },
    ],
    [
      'Match, the host in another case',
      'HostName Real\nMatch host real originalhost gw\n  Port 3\nHost gw\n  User ops\n',
      { address: 'GW' },
      { address: 'real', port: 3 },
    ],
    [
      'Match user, given by the inventory',
      'Match user ops\n  Port 3\n',
      { address: 'gw', user: 'ops' },
      { address: 'gw', port: 3, user: 'ops', become: 'sudo' },
    ],
    [
      'Match user, of the configuration',
      'User ops\nMatch user ops\n  Port 3\n',
      { address: 'gw' },
      { address: 'gw', port: 3, user: 'ops', become: 'sudo' },
    ],
    [
      'Match negated',
      'Match !host gw,b\n  Port 3\nMatch !host b host g*\n  Port 4\n',
      { address: 'gw' },
      { address: 'gw', port: 4 },
    ],
    ['Match all', 'Match all\n  Port 3\n', { address: 'gw' }, { address: 'gw', port: 3 }],
    ['an included file', included('Port 3\n'), { address: 'gw' }, { address: 'gw', port: 3 }],
    [
      'an included file for one host only',
      `Host b\n  ${included('Port 3\nHost *\n  User ops\n')}\nHost gw\n  ${included('Host other\n  Port 4\nHost gw\n  Port 5\n')}\n  User app\n`,
      { address: 'gw' },
      { address: 'gw', port: 5, user: 'app', become: 'sudo' },
    ],
    [
      'included files that are not there, or are none',
      `Include /nowhere/*.conf /nowhere/file ${directory}\nPort 3\n`,
      { address: 'gw' },
      { address: 'gw', port: 3 },
    ],
    [
      'included files by a pattern, in the order of their names',
      (() => {
        mkdirSync(join(directory, 'd.d'));
        writeFileSync(join(directory, 'd.d/20.conf'), 'Port 20\n');
        writeFileSync(join(directory, 'd.d/10.conf'), 'Port 10\nUser ops\n');
        writeFileSync(join(directory, 'd.d/05.txt'), 'Port 5\n');
        return `Include ${directory}/?.d/*.conf\n`;
      })(),
      { address: 'gw' },
      { address: 'gw', port: 10, user: 'ops', become: 'sudo' },
    ],
    [
      'identity files, with tokens',
      'Host gw\n  HostName real\n  IdentityFile ~/.ssh/%r_%h\nHost *\n  User ops\n  IdentityFile "%d/a key"\n  IdentityFile /keys/%n_%p%%\n  IdentitiesOnly yes\n',
      { address: 'gw' },
      {
        address: 'real',
        user: 'ops',
        become: 'sudo',
        identityFiles: [`${home}/.ssh/ops_real`, `${home}/a key`, '/keys/gw_22%'],
        identitiesOnly: true,
      },
    ],
    ['no identity file at all', 'IdentityFile none\n', { address: 'gw' }, { address: 'gw', identityFiles: [] }],
    [
      'an agent of its own',
      'IdentityAgent ~/agent_%h\n',
      { address: 'gw' },
      { address: 'gw', identityAgent: `${home}/agent_gw` },
    ],
    ['no agent', 'IdentityAgent none\n', { address: 'gw' }, { address: 'gw', identityAgent: 'none' }],
    [
      'an agent by a variable',
      'IdentityAgent $ORCH_TEST_SOCKET\n',
      { address: 'gw' },
      { address: 'gw', identityAgent: '$ORCH_TEST_SOCKET' },
    ],
    [
      'an agent by a variable in braces',
      `IdentityAgent \${ORCH_TEST_SOCKET}\n`,
      { address: 'gw' },
      { address: 'gw', identityAgent: '/run/agent.sock' },
    ],
    [
      "known_hosts files of one's own",
      'UserKnownHostsFile ~/kh_%h "/tmp/k h"\n',
      { address: 'gw' },
      {
        address: 'gw',
        knownHosts: [`${home}/kh_gw`, '/tmp/k h', '/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
      },
    ],
    [
      'known_hosts files for all users',
      'GlobalKnownHostsFile /g1 /g2\n',
      { address: 'gw' },
      { address: 'gw', knownHosts: ['~/.ssh/known_hosts', '~/.ssh/known_hosts2', '/g1', '/g2'] },
    ],
    [
      "no known_hosts file of one's own",
      'UserKnownHostsFile none\nGlobalKnownHostsFile none\n',
      { address: 'gw' },
      { address: 'gw', knownHosts: ['/dev/null'] },
    ],
    [
      'new keys accepted',
      'StrictHostKeyChecking accept-new\n',
      { address: 'gw' },
      { address: 'gw', acceptNewHostKey: true },
    ],
    [
      'keys checked',
      'StrictHostKeyChecking yes\nHost *\n  StrictHostKeyChecking no\n',
      { address: 'gw' },
      { address: 'gw' },
    ],
    [
      'an alias for the host key',
      'HostKeyAlias gw-key\n',
      { address: 'gw' },
      { address: 'gw', hostKeyAlias: 'gw-key' },
    ],
    ['hashed names', 'HashKnownHosts yes\n', { address: 'gw' }, { address: 'gw', hashNewHostKey: true }],
    [
      'hashed names for others',
      'Port 3\nHost b\n  HashKnownHosts yes\n',
      { address: 'gw' },
      { address: 'gw', port: 3 },
    ],
    [
      'signs of life and patience',
      'ServerAliveInterval 1m\nServerAliveCountMax 5\nConnectTimeout 1m30s\n',
      { address: 'gw' },
      { address: 'gw', keepalive: { everyMs: 60_000, misses: 5 }, connectTimeoutMs: 90_000 },
    ],
    [
      'a count of missed signs',
      'ServerAliveCountMax 5\n',
      { address: 'gw' },
      { address: 'gw', keepalive: { everyMs: 10_000, misses: 5 } },
    ],
    [
      'no signs of life: the default holds',
      'ServerAliveInterval 0\nConnectTimeout 0\n',
      { address: 'gw' },
      { address: 'gw' },
    ],
    ['no jump', 'ProxyJump none\nProxyJump bastion\n', { address: 'gw' }, { address: 'gw' }],
    ['no command', 'ProxyCommand none\nProxyJump bastion\n', { address: 'gw' }, { address: 'gw' }],
  ];
  test.each(rows)('%s', async (_name, config, settings, expected) => {
    const { target, warnings } = await read(config, settings);
    expect(target).toEqual({ ...plain, ...expected });
    expect(warnings).toEqual([]);
  });

  describe('files included by a pattern', () => {
    const parts = join(directory, 'parts');
    mkdirSync(join(parts, 'sub'), { recursive: true });
    for (const name of ['a1', 'a2', 'b1', 'c1', ']1', '^1', '-1', '[!]1', '.h', 'sub/x'])
      writeFileSync(join(parts, name), `IdentityFile /${name}\n`);
    test.each([
      ['[ab]*', ['a1', 'a2', 'b1']],
      ['[a-b]1', ['a1', 'b1']],
      ['[!a-b]1', ['-1', ']1', '^1', 'c1']],
      ['?[!1]', ['a2']],
      ['[]a]1', [']1', 'a1']],
      ['[!]a]1', ['-1', '^1', 'b1', 'c1']],
      ['[^b]1', ['^1', 'b1']],
      ['[c-]1', ['-1', 'c1']],
      ['[b-a]1', []],
      ['[!]1', ['[!]1']],
      ['[ab', []],
      ['[.]h', []],
      ['[s]u?/[x]', ['sub/x']],
      ['s*/x', ['sub/x']],
      ['?1', ['-1', ']1', '^1', 'a1', 'b1', 'c1']],
      ['.?', ['.h']],
      ['?h', []],
    ])('%s', async (wanted, names) => {
      const { target, warnings } = await read(`Include ${parts}/${wanted}\n`, { address: 'gw' });
      expect(target).toEqual({
        ...plain,
        address: 'gw',
        ...(names.length === 0 ? {} : { identityFiles: names.map((name) => `/${name}`) }),
      });
      expect(warnings).toEqual([]);
    });
  });

  test.each([
    ["another user's home", (path: string) => `~${me}/${relative(home, path)}`],
    ['single quotes', (path: string) => `'${path}'`],
    ['a backslash', (path: string) => `${directory}/\\${basename(path)}`],
    ['a class of characters by its name', (path: string) => `${directory}/[[:alpha:]]${basename(path).slice(1)}`],
    ['a pattern for a directory', (path: string) => `${directory.slice(0, -1)}?/${basename(path)}`],
  ])('a file included by %s is read by OpenSSH', async (_name, word) => {
    const include = `Include ${word(file('Port 3\n'))}`;
    expect(await read(`${include}\n`, { address: 'gw' })).toMatchObject({ target: { port: 3 }, warnings: [] });
    const elsewhere = await read(`Host b\n  ${include}\nHost *\n  Port 4\n`, { address: 'gw' });
    expect(elsewhere).toMatchObject({ target: { port: 4 }, warnings: [] });
  });

  test('files are included from the home directory of HOME', async () => {
    const before = process.env.HOME;
    process.env.HOME = join(directory, 'other-home');
    mkdirSync(join(directory, 'other-home/.ssh'), { recursive: true });
    writeFileSync(join(directory, 'other-home/.ssh/part'), 'Port 3\n');
    try {
      for (const path of ['part', '~/.ssh/part'])
        expect((await read(`Include ${path}\n`, { address: 'gw' })).target.port).toBe(3);
    } finally {
      if (before === undefined) delete process.env.HOME;
      else process.env.HOME = before;
    }
  });

  test('settings of the inventory come first', async () => {
    const config =
      'Host gw\n  HostName real\n  Port 3\n  User conf\n  IdentityFile /conf\n  UserKnownHostsFile /conf\n  ProxyJump conf\n  ConnectTimeout 7\nHost inv\n  User jumper\n';
    const settings = {
      address: 'gw',
      port: 4,
      user: 'inv',
      identityFile: '/inv',
      knownHosts: '/inv-known',
      jump: 'inv:5',
      become: 'none',
      connectTimeoutMs: 1000,
      password: Secret.of('a-password'),
      becomePassword: Secret.of('b-password'),
    } as const;
    const { target } = await read(config, settings);
    expect(target).toEqual({
      name: 'gw-1',
      address: 'real',
      port: 4,
      user: 'inv',
      identityFiles: ['/inv'],
      knownHosts: ['/inv-known'],
      become: 'none',
      connectTimeoutMs: 1000,
      password: settings.password,
      becomePassword: settings.becomePassword,
      jump: {
        name: 'inv:5 (jump host of gw-1)',
        address: 'inv',
        port: 5,
        user: 'jumper',
        identityFiles: ['/inv'],
        knownHosts: ['/inv-known'],
        become: 'none',
        connectTimeoutMs: 1000,
      },
    });
  });

  test('a jump host of the inventory uses the login of the host behind it, without settings of its own', async () => {
    const password = Secret.of('a-password');
    const { target } = await read('', {
      address: 'gw',
      user: 'ops',
      identityFile: '/k',
      jump: '[::1]:5',
      password,
    });
    expect(target.jump).toMatchObject({ address: '::1', port: 5, user: 'ops', identityFiles: ['/k'], password });
    const other = await read('', { address: 'gw', user: 'ops', jump: 'jumper@b', password });
    expect(other.target.jump).toEqual({
      ...plain,
      name: 'jumper@b (jump host of gw-1)',
      address: 'b',
      user: 'jumper',
      become: 'none',
    });
  });

  test('a jump host whose own user is named like the local one keeps that user, and does not get the password of another', async () => {
    const settings = { address: 'gw', user: 'nobody', jump: 'bastion', password: Secret.of('a-password') } as const;
    for (const config of [
      `Host bastion\n  User ${me}\n`,
      `User ${me}\n`,
      `Match host bastion\n  ${included(`User ${me}\n`)}\n`,
    ]) {
      const { target } = await read(config, settings);
      expect(target.user).toBe('nobody');
      expect(target.jump).toMatchObject({ address: 'bastion', user: me });
      expect(target.jump?.password).toBeUndefined();
    }
    const other = await read(`Host gw\n  User ${me}\nHost other\n  User ${me}\n`, settings);
    expect(other.target.jump).toMatchObject({ user: 'nobody', password: settings.password });
  });

  describe('a jump host gets the password of the host behind it only where OpenSSH names no user for it', () => {
    const settings = { address: 'gw', user: 'nobody', jump: 'bastion', password: Secret.of('a-password') } as const;
    const renamed = `Host bastion\n  HostName b.example\nHost b.example\n  User ${me}\n`;
    test.each([
      ['a command that succeeds', `Match exec "true"\n  User ${me}\n`, true],
      ['a command that fails', `Match exec "false"\n  User ${me}\n`, false],
      ['a command, by what it sets', `Match exec "true"\n  HostName b\nMatch host b\n  User ${me}\n`, true],
      ['a command that names another user', `Match host gw exec "true"\n  User other\nHost *\n  User ${me}\n`, true],
      ['the second reading', `Match final host bastion\n  User ${me}\n`, true],
      ['the second reading, by another name', `${renamed}Match final all\n  Port 3\n`, true],
      ['a second reading on account of others', `${renamed}Match host other final\n  Port 3\n`, true],
      ['another name, without a second reading', `${renamed}Match exec "false"\n  Port 3\n`, false],
      ['an Include', `Include '${file(`User ${me}\n`)}'\n`, true],
    ])('%s', async (_name, config, isNamed) => {
      const { target, warnings } = await read(config, settings);
      expect(target.jump?.user).toBe(isNamed ? me : 'nobody');
      expect(target.jump?.password).toBe(isNamed ? undefined : settings.password);
      expect(warnings).toEqual([]);
      const named = await read(config, { ...settings, jump: 'nobody@bastion' });
      expect(named.target.jump).toMatchObject({ user: 'nobody', password: settings.password });
      expect(named.warnings.filter((text) => text.includes('jump:'))).toEqual([]);
    });
  });

  test('tokens of ProxyJump are those of the host behind, before each jump host is looked up', async () => {
    const config =
      'Host gw\n  HostName 10.0.0.7\n  Port 2200\n  User ops\n  ProxyJump %r@bast-%h:2022,last-%n-%p\nHost bast-10.0.0.7\n  HostName outer\nHost last-gw-2200\n  User jumper\n';
    const { target } = await read(config, { address: 'gw' });
    expect(target.jump).toMatchObject({
      ...{ address: 'last-gw-2200', user: 'jumper', port: 22 },
      jump: { address: 'outer', user: 'ops', port: 2022 },
    });
  });

  test('a chain of jump hosts, each looked up by its own name', async () => {
    const config =
      'Host gw\n  ProxyJump first,ops@second:2022\nHost first\n  HostName 10.0.0.1\n  ProxyJump before\nHost second\n  HostName 10.0.0.2\n  Port 9\n  HostKeyAlias two\n  ProxyJump unused\nHost before\n  Port 7\n';
    const { target } = await read(config, { address: 'gw', user: 'app', password: Secret.of('a-password') });
    const hop = (name: string, more: Partial<SshTarget> & { readonly address: string }) => ({
      ...plain,
      name,
      become: 'none' as const,
      ...more,
    });
    expect(target.jump).toEqual(
      hop('ops@second:2022 (jump host of gw-1)', {
        address: '10.0.0.2',
        port: 2022,
        user: 'ops',
        hostKeyAlias: 'two',
        jump: hop('first (jump host of ops@second:2022 (jump host of gw-1))', {
          address: '10.0.0.1',
          jump: hop('before (jump host of first (jump host of ops@second:2022 (jump host of gw-1)))', {
            address: 'before',
            port: 7,
          }),
        }),
      }),
    );
  });

  test('a jump host that is its own jump host is refused', async () => {
    await expect(read('ProxyJump bastion\n', { address: 'gw' })).rejects.toMatchObject({
      code: 'CONNECT_JUMP_LOOP',
      message: 'the ssh configuration makes bastion its own jump host',
      hint: expect.stringContaining('ProxyJump none'),
    });
    await expect(read('Host a\n ProxyJump b\nHost b\n ProxyJump a\n', { address: 'a' })).rejects.toMatchObject({
      message: 'the jump hosts lead in a circle: a > b > a',
    });
    await expect(read('Host *\n ProxyJump jump-%h\n', { address: 'gw' })).rejects.toMatchObject({
      code: 'CONNECT_JUMP_LOOP',
      message: expect.stringMatching(/^the jump hosts lead in a circle: (jump-)+gw > /),
    });
    const fixed = await read('Host bastion\n ProxyJump none\nHost *\n ProxyJump bastion\n', { address: 'gw' });
    expect(fixed.target.jump).toMatchObject({ address: 'bastion' });
    expect(fixed.target.jump?.jump).toBeUndefined();
  });

  test.each(['no', 'off'])('StrictHostKeyChecking %s accepts new keys, and reports that once', async (value) => {
    const warnings: string[] = [];
    const config = sshConfig({ warn: (warning) => warnings.push(warning) });
    const path = file(`Host *\n  StrictHostKeyChecking ${value}\n`);
    for (const address of ['a', 'b'])
      expect(await resolveTarget(address, { address, config: path }, config)).toMatchObject({ acceptNewHostKey: true });
    expect(warnings).toEqual([expect.stringContaining(`${path}:2`)]);
    expect(warnings[0]).toContain('a changed host key is still refused');
  });

  test('unusable keys are reported with their line, once for all hosts, and noted for a failed login', async () => {
    const warnings: string[] = [];
    const config = sshConfig({ warn: (warning) => warnings.push(warning) });
    const path = file(
      'Host a b\n  CertificateFile ~/%h-cert.pub\n  PKCS11Provider /lib/p.so\n  SecurityKeyProvider internal\n',
    );
    const resolved = await Promise.all(
      ['a', 'b', 'c'].map((address) => resolveTarget(address, { address, config: path }, config)),
    );
    const notes = [
      'CertificateFile ~/%h-cert.pub left out: certificates are not supported, a plain key in authorized_keys is needed',
      'PKCS11Provider /lib/p.so left out: load the key into an ssh-agent',
    ];
    expect(resolved.map((target) => target.notes)).toEqual([notes, notes, undefined]);
    expect(warnings).toEqual([`${notes[0]} (${path}:2)`, `${notes[1]} (${path}:3)`]);
  });

  test.each([
    ['ProxyCommand ssh -q -W %h:%p ops@outer', 'write "ProxyJump ops@outer" instead'],
    ['ProxyCommand nc -X connect -x proxy:3128 %h %p', 'write "ProxyJump HOST" instead'],
    ['BindAddress 127.0.0.1', 'remove it'],
    ['RevokedHostKeys /etc/revoked', '@revoked'],
    ['KnownHostsCommand /bin/true', 'ssh.known_hosts'],
  ])('%s is refused with its line and a hint', async (line, remedy) => {
    const [setting = ''] = line.split(' ');
    const error = await read(`Host gw\n  ${line}\n`, { address: 'gw' }).catch((thrown: unknown) => thrown);
    if (!(error instanceof OrchError)) throw error;
    expect(error.code).toBe('CONNECT_CONFIG_UNSUPPORTED');
    expect(error.message).toMatch(new RegExp(`^${setting} is set for gw-1 \\(${directory}/config_\\d+:2\\)`));
    expect(error.hint).toContain(remedy);
    expect((await read(`Host other\n  ${line}\n`, { address: 'gw' })).target.address).toBe('gw');
  });

  test('a jump host of the inventory replaces a ProxyCommand', async () => {
    const config = 'Host gw\n  ProxyCommand nc %h %p\n';
    expect((await read(config, { address: 'gw', jump: 'none' })).target.jump).toBeUndefined();
    expect((await read(config, { address: 'gw', jump: 'b' })).target.jump).toMatchObject({ address: 'b' });
  });

  test('an unreadable configuration is named', async () => {
    await expect(read('User "ops\n', { address: 'gw' })).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_INVALID',
      hint: expect.stringContaining('config: none'),
    });
    for (const text of [
      'Port 3\nHost\n  Port 4\n',
      'Port 3\nUser\n',
      'Port 3\nMatch host\n',
      'Port 70000\n',
      'Port gw\n',
    ])
      await expect(read(text, { address: 'gw' })).rejects.toMatchObject({ code: 'CONNECT_CONFIG_INVALID' });
    const missing = join(directory, 'missing');
    await expect(read('', { address: 'gw', config: missing })).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_UNREADABLE',
      message: `the ssh configuration ${missing} does not exist`,
    });
  });

  test('an address that looks like an option is an address', async () => {
    const ran = join(directory, 'ran');
    await expect(read('Port 3\n', { address: `-oProxyCommand=touch ${ran}` })).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_INVALID',
    });
    expect(existsSync(ran)).toBe(false);
    await expect(read('', { address: 'gw', jump: '-oProxyCommand=x' })).rejects.toMatchObject({
      code: 'CONNECT_JUMP_INVALID',
    });
  });

  test('files that include each other are refused', async () => {
    const path = file('');
    writeFileSync(path, `Port 3\nInclude ${path}\n`);
    await expect(resolveTarget('gw-1', { address: 'gw', config: path }, sshConfig())).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_INVALID',
    });
  });
}
