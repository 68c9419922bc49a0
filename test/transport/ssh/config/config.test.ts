import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directory, file, included, read } from '../../../support/ssh/ssh-config-cases.ts';

describe('without an ssh program in PATH', () => {
  const path = process.env.PATH;
  beforeAll(() => {
    process.env.PATH = directory;
  });
  afterAll(() => {
    process.env.PATH = path;
  });

  const gw = { address: 'gw' };
  const plain = { target: { address: 'gw', port: 22 }, warnings: [] };
  const ran = join(directory, 'ran');

  test.each([
    ['an empty file', ''],
    ['comments and empty lines', '# Port 3\n\n  \t\n\r\n  # HostName b\n'],
    [
      "Debian's own",
      `${included('# nothing\nSendEnv LANG\n')}\nHost *\n  SendEnv LANG LC_*\n  GSSAPIAuthentication yes\n`,
    ],
    [
      "Fedora's own",
      `Match final all\n  ${included('Ciphers aes256-gcm@openssh.com\nMACs hmac-sha2-256\nGSSAPIKexAlgorithms gss-group14-sha256-\nRequiredRSASize 2048\n')}\n  ForwardX11Trusted yes\n`,
    ],
    ['settings about terminals, channels and ciphers', 'ForwardAgent yes\n"LogLevel" QUIET\nCONTROLMASTER=auto\n'],
    ['files that are not there', `Include /nowhere/*.conf /nowhere/file ${directory}\n`],
    ['files of which the pattern fits none', `Include ${directory}/*.nothing\n`],
    ['conditions over nothing', `Host gw\nMatch exec "touch ${ran}"\n  Compression yes\n`],
  ])('%s: no ssh is needed', async (_name, text) => {
    expect(await read(text, gw)).toMatchObject(plain);
    expect(existsSync(ran)).toBe(false);
  });

  test('hashed names do not need it either', async () => {
    expect((await read('Host *\n  HashKnownHosts yes\n', gw)).target).toMatchObject({ hashNewHostKey: true });
    expect((await read('HashKnownHosts no\n', gw)).target.hashNewHostKey).toBeUndefined();
  });

  test.each([
    ...['HostName b', 'Port 3', 'User ops', 'ConnectTimeout 5', 'ServerAliveInterval 5', 'ServerAliveCountMax 5'],
    ...['IdentityFile /k', 'IdentitiesOnly yes', 'IdentityAgent none', 'CertificateFile /c', 'PKCS11Provider /p'],
    ...['SecurityKeyProvider /p', 'ProxyJump b', 'ProxyCommand nc %h %p', 'BindAddress ::1', 'BindInterface eth0'],
    ...['CanonicalizeHostname yes', 'UserKnownHostsFile /k', 'GlobalKnownHostsFile /k', 'StrictHostKeyChecking yes'],
    ...['HostKeyAlias b', 'KnownHostsCommand /bin/true', 'RevokedHostKeys /k'],
    // Another name of a setting, a mistake, and a setting that no version has yet.
    ...['IdentityFile2 /k', 'Prot 3', 'NewSetting yes', '=', '"Port" 3', '  PORT=3\r', '\tport\t3'],
  ])('%s makes a configuration refused, with its line', async (line) => {
    await expect(read(`# first\nHost b\n${line}\n`, gw)).rejects.toMatchObject({
      code: 'CONNECT_CONFIG_UNSUPPORTED',
      message: expect.stringMatching(
        /^OpenSSH's configuration has settings that only ssh can interpret \(\S+\/config_\d+:3\), and there is no ssh program in PATH$/,
      ),
      hint: 'install the OpenSSH client, or set "config: none" under ssh in the inventory and put the settings there',
    });
  });

  test.each([
    ['a file', (part: string) => part],
    ['a pattern', (part: string) => part.replace(/\d+$/, '*')],
    ['one of several words', (part: string) => `/nowhere "${part}"`],
    ['quotes inside the path', (part: string) => `'${part}'`],
    ['a class of characters', (part: string) => part.replace(/\d+$/, '[0-9]*')],
    ['a pattern for a directory', (part: string) => part.replace(directory, `${directory.slice(0, -1)}?`)],
    ["another user's home", () => '~root/part'],
    ['a variable', () => '$' + '{HOME}/part'],
  ])('so does a file included by %s', async (_name, word) => {
    const text = `# first\nInclude ${word(file('Host b\n  Port 3\n'))}\n`;
    await expect(read(text, gw)).rejects.toMatchObject({ code: 'CONNECT_CONFIG_UNSUPPORTED' });
  });

  test('many lines are counted, not listed', async () => {
    await expect(read('Port 3\n'.repeat(9), gw)).rejects.toMatchObject({
      message: expect.stringMatching(/\(\S+:1, \S+:2, \S+:3 and 6 more lines\)/),
    });
  });

  test('files that include each other are each read once', async () => {
    const [one, other] = [file(''), file('')];
    writeFileSync(one, `Include ${other}\n`.repeat(9));
    writeFileSync(other, `${`Include ${one}\n`.repeat(9)}ForwardAgent yes\n`);
    expect(await read('', { address: 'gw', config: one })).toMatchObject(plain);
    writeFileSync(other, `Include ${one}\nPort 3\n`);
    await expect(read('', { address: 'gw', config: one })).rejects.toMatchObject({
      message: expect.stringContaining(`${other}:2`),
    });
  });
});
