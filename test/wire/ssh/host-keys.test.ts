import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewHostKey } from '../../../src/transport/ssh/connect/client.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
/** Another key of the same type, that the server does not hold. */
let otherKey: string;
beforeAll(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'ecdsa'] });
  const file = join(sshd.directory, 'stranger');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  otherKey = readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ');
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
});

let files = 0;
function knownHosts(...lines: readonly string[]): string {
  const file = join(sshd.directory, `known_hosts_${files++}`);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

const attempt = async (
  file: string,
  acceptNewHostKeys = false,
  onNewHostKey: (key: NewHostKey) => void = () => {},
): Promise<string> => {
  const host = await connectSsh(sshd.target({ knownHosts: [file] }), { acceptNewHostKeys, onNewHostKey });
  const { stdout } = await host.run({ argv: ['echo', 'in'] });
  await host.close();
  return stdout;
};

const name = (): string => `[127.0.0.1]:${sshd.port}`;
const printed = (type: string): string =>
  execFileSync('ssh-keygen', ['-lf', join(sshd.directory, `host_${type}.pub`)], { encoding: 'utf8' }).split(' ')[1] ??
  '';

test('a listed key is accepted, by name, hashed, by pattern and without its port', async () => {
  expect(await attempt(sshd.knownHosts)).toBe('in\n');
  const hashed = knownHosts(`${name()} ${sshd.hostKey()}`);
  execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'pipe' });
  expect(readFileSync(hashed, 'utf8')).toMatch(/^\|1\|/);
  expect(await attempt(hashed)).toBe('in\n');
  expect(await attempt(knownHosts(`[127.0.*]:${sshd.port},elsewhere ${sshd.hostKey()}`))).toBe('in\n');
  expect(await attempt(knownHosts(`127.0.0.1 ${sshd.hostKey()}`))).toBe('in\n');
});

test('a host with one type of key in known_hosts is asked for that one', async () => {
  expect(await attempt(knownHosts(`${name()} ${sshd.hostKey('ecdsa')}`))).toBe('in\n');
});

test('an outdated key of another type does not block a good one, in any order', async () => {
  const file = join(sshd.directory, 'outdated');
  execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', file]);
  const outdated = `${name()} ${readFileSync(`${file}.pub`, 'utf8').trim()}`;
  const good = `${name()} ${sshd.hostKey('ed25519')}`;
  expect(await attempt(knownHosts(outdated, good))).toBe('in\n');
  expect(await attempt(knownHosts(good, outdated))).toBe('in\n');
});

test('an unknown key is refused with the fingerprint that ssh-keygen prints, and nothing is written', async () => {
  const file = join(sshd.directory, 'never-written');
  const error = await attempt(file).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'CONNECT_HOST_KEY_UNKNOWN', host: 'test-host', retryable: false });
  expect(String(error)).toContain(printed('ed25519'));
  expect(error).toHaveProperty('hint', expect.stringContaining('--accept-new-host-keys'));
  expect(existsSync(file)).toBe(false);
});

test('a changed key is refused in every mode', async () => {
  const file = knownHosts(`# comment`, `${name()} ${otherKey}`);
  for (const accept of [false, true])
    await expect(attempt(file, accept)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_CHANGED',
      message: expect.stringContaining(`${file}:2`),
      hint: expect.stringContaining(`ssh-keygen -R '${name()}' -f ${file}`),
    });
});

test('a damaged line that seems to be for the host is named', async () => {
  const file = knownHosts('# comment', `elsewhere ${otherKey}`, `${name()} ${sshd.hostKey().slice(0, -8)}`);
  await expect(attempt(file)).rejects.toMatchObject({
    code: 'CONNECT_HOST_KEY_UNKNOWN',
    message: expect.stringContaining(`${file}:3 cannot be read`),
    hint: expect.stringContaining(`ssh-keyscan -p ${sshd.port} 127.0.0.1 >> ${file}`),
  });
});

test('a host with only a FIDO key is refused in every mode, and the kind of key named', async () => {
  const type = 'sk-ssh-ed25519@openssh.com';
  const fields = [type, 'x'.repeat(32), 'ssh:'].map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  });
  const file = knownHosts(`${name()} ${type} ${Buffer.concat(fields).toString('base64')}`);
  for (const accept of [false, true])
    await expect(attempt(file, accept)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_UNKNOWN',
      message: expect.stringMatching(/known only by sk-ssh-ed25519@openssh\.com .* cannot be checked here/),
    });
});

test('an external change of the file is used by the next connection', async () => {
  const file = knownHosts(`elsewhere ${otherKey}`);
  await expect(attempt(file)).rejects.toMatchObject({ code: 'CONNECT_HOST_KEY_UNKNOWN' });
  writeFileSync(file, `${name()} ${sshd.hostKey()}\n`);
  expect(await attempt(file)).toBe('in\n');
  writeFileSync(file, `${name()} ${otherKey}\n`);
  await expect(attempt(file)).rejects.toMatchObject({ code: 'CONNECT_HOST_KEY_CHANGED' });
});

test('a host with only a type that it no longer has is refused in every mode', async () => {
  const rsa = join(sshd.directory, 'old_rsa');
  execFileSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsa]);
  const file = knownHosts(`${name()} ${readFileSync(`${rsa}.pub`, 'utf8').trim()}`);
  for (const accept of [false, true])
    await expect(attempt(file, accept)).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_CHANGED',
      message: expect.stringContaining('ssh-rsa'),
    });
});

test('a revoked key is refused, even if it is also listed as accepted', async () => {
  const file = knownHosts(`${name()} ${sshd.hostKey()}`, `@revoked * ${sshd.hostKey()}`);
  for (const accept of [false, true])
    await expect(attempt(file, accept)).rejects.toMatchObject({ code: 'CONNECT_HOST_KEY_REVOKED' });
});

const AUTHORITY = "names a certificate authority, which is not supported: the host's own key is needed";
const DAMAGED = 'cannot be read: no complete key';
test.each([
  ['a certificate authority', () => [`@cert-authority * ${otherKey}`], [`:1 ${AUTHORITY}`]],
  ['a certificate authority without a port', () => [`@cert-authority 127.0.0.1 ${otherKey}`], [`:1 ${AUTHORITY}`]],
  ['a certificate authority for others', () => [`@cert-authority elsewhere ${otherKey}`], []],
  ['a damaged line', () => ['# comment', `${name()} ${sshd.hostKey().slice(0, -8)}`], [`:2 ${DAMAGED}`]],
  [
    'both',
    () => [`127.0.0.1 ${otherKey.slice(0, -8)}`, `@cert-authority ${name()} ${otherKey}`],
    [`:2 ${AUTHORITY}`, `:1 ${DAMAGED}`],
  ],
])('%s: named with the refused and the accepted keys', async (_what, lines, notes) => {
  const file = knownHosts(...lines());
  const named = notes.map((note) => `${file}${note}`);
  const before = readFileSync(file, 'utf8');
  const error = await attempt(file).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CONNECT_HOST_KEY_UNKNOWN' });
  for (const one of named) expect(String(error)).toContain(one);
  if (named.length === 0) expect(String(error)).not.toContain(file);
  const reports: NewHostKey[] = [];
  expect(await attempt(file, true, (key) => reports.push(key))).toBe('in\n');
  expect(reports).toEqual([expect.objectContaining({ fingerprint: printed('ed25519'), passedOver: named })]);
  expect(readFileSync(file, 'utf8')).toBe(`${before}${name()} ${sshd.hostKey()}\n`);
  expect(await attempt(file, true, (key) => reports.push(key))).toBe('in\n');
  expect(reports.length).toBe(1);
});

test('a new key is accepted on request, reported with its fingerprint, and saved once under mode 0600', async () => {
  const file = join(sshd.directory, 'fresh', 'known_hosts');
  const reports: NewHostKey[] = [];
  const target = sshd.target({ knownHosts: [file] });
  const hosts = await Promise.all(
    [1, 2, 3].map(() => connectSsh(target, { acceptNewHostKeys: true, onNewHostKey: (key) => reports.push(key) })),
  );
  await Promise.all(hosts.map((host) => host.close()));
  expect(reports[0]).toEqual({
    host: 'test-host',
    name: name(),
    type: 'ssh-ed25519',
    fingerprint: printed('ed25519'),
    file,
    passedOver: [],
  });
  expect(readFileSync(file, 'utf8')).toBe(`${name()} ${sshd.hostKey()}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await attempt(file)).toBe('in\n');
});

test.each([
  ['a file', (): string => join(sshd.directory, 'shared')],
  ['this run', (): string => '/dev/null'],
])(
  'two hosts with a key each, met at once under one name kept in %s: one is accepted, then as before',
  async (_where, path) => {
    await using other = await startSshd();
    const file = path();
    const both = [sshd, other].map((one) => one.target({ hostKeyAlias: 'shared', knownHosts: [file] }));
    const reports: NewHostKey[] = [];
    for (let round = 0; round < 3; round++) {
      const met = await Promise.allSettled(
        both.map((target) => connectSsh(target, { acceptNewHostKeys: true, onNewHostKey: (key) => reports.push(key) })),
      );
      for (const one of met) if (one.status === 'fulfilled') await one.value.close();
      const winner = reports[0]?.fingerprint === printed('ed25519') ? 0 : 1;
      expect(reports.length).toBe(1);
      expect(met[winner]).toMatchObject({ status: 'fulfilled' });
      expect(met[1 - winner]).toMatchObject({ reason: { code: 'CONNECT_HOST_KEY_CHANGED', retryable: false } });
      if (file === '/dev/null') continue;
      expect(readFileSync(file, 'utf8')).toBe(`shared ${[sshd, other][winner]?.hostKey()}\n`);
    }
  },
);

test('a new key is added after a last line that lacks its newline', async () => {
  const file = join(sshd.directory, 'no-newline');
  writeFileSync(file, `elsewhere ${otherKey}`);
  expect(await attempt(file, true)).toBe('in\n');
  expect(readFileSync(file, 'utf8')).toBe(`elsewhere ${otherKey}\n${name()} ${sshd.hostKey()}\n`);
});

test('a key is checked again at every rekey, and bytes stay whole', async () => {
  await using rekeying = await startSshd({ config: ['RekeyLimit 256K'] });
  const host = await rekeying.connect();
  const { stdout } = await host.run({
    script: 'head -c 4000000 /dev/zero | tr "\\0" y | sha256sum; head -c 900000 /dev/zero | tr "\\0" y',
  });
  expect(stdout.length).toBe(900_000 + 68);
  await host.close();
});
