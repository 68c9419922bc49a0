import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identityFile } from '../../../../src/transport/ssh/login/identity-file.ts';
import { wantsPassword } from '../../../../src/transport/ssh/login/login-questions.ts';
import { publicHalf, publicKeyLine } from '../../../../src/transport/ssh/login/public-key.ts';
import { temporaryDirectory } from '../../../support/base/temporary-directory.ts';
import { keyPair, promptWith, wireText as text } from '../../../support/ssh/ssh-keys.ts';

const directory = temporaryDirectory('keys');
const file = (name: string): string => join(directory, name);

/** A private key file up to its public part. */
const privateFile = (blob: Buffer): string =>
  `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.from([0, 0, 0, 1]),
    text(blob),
    text('secret part'),
  ]).toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;

test('a file that is read once is the same for all hosts, until it changes', async () => {
  const key = keyPair(file('shared'));
  const [one, two] = await Promise.all([identityFile(key), identityFile(key)]);
  expect(one).toBe(two);
  keyPair(key);
  expect(await identityFile(key)).not.toBe(one);
});

test.each([file('none'), '/dev/null/.ssh/id_rsa'])('a file that does not exist is missing: %s', async (path) => {
  expect(await identityFile(path)).toMatchObject({ state: 'missing', fault: { code: 'CONNECT_KEY_MISSING' } });
});

test.each(['rsa', 'ecdsa'])(
  'a key in PKCS #8, as openssl writes it: %s',
  async (type) => {
    const plain = await identityFile(keyPair(file(`pkcs8-${type}`), { type, format: 'PKCS8' }));
    const half = publicKeyLine(readFileSync(file(`pkcs8-${type}.pub`), 'utf8'));
    expect(plain).toMatchObject({ state: 'open', blob: half });
    const made = keyPair(file(`pkcs8-locked-${type}`), { type, format: 'PKCS8', passphrase: 'a phrase' });
    const locked = await identityFile(made);
    if (locked.state !== 'locked') throw new Error(locked.state);
    const { ask, asked } = promptWith('wrong', 'a phrase');
    const opened = await locked.unlock(ask);
    if (typeof opened === 'string') throw new Error(opened);
    expect(opened.getPublicSSH()).toEqual(publicKeyLine(readFileSync(`${made}.pub`, 'utf8')));
    expect(asked.length).toBe(2);
  },
  30_000,
);

test('the public half of a locked key is known without its passphrase, in the new format', async () => {
  const locked = await identityFile(keyPair(file('locked'), { passphrase: 'a phrase' }));
  const plain = await identityFile(keyPair(file('plain')));
  expect(locked).toMatchObject({ state: 'locked', blob: expect.any(Buffer) });
  expect(plain).toMatchObject({ state: 'open' });
});

test.each<[string, string, RegExp]>([
  [
    'a FIDO key',
    privateFile(Buffer.concat([text('sk-ecdsa-sha2-nistp256@openssh.com'), text('nistp256'), text('p'), text('ssh:')])),
    /FIDO keys are not supported/,
  ],
  ['nonsense', 'nonsense\n', /Unsupported key format/],
  ['a damaged key', privateFile(Buffer.from('xx')).replace(/.{20}\n-----END/, '\n-----END'), /Malformed/],
])('%s reports why it is unusable', async (name, content, why) => {
  writeFileSync(file(name), content);
  const found = await identityFile(file(name));
  expect(found).toMatchObject({ state: 'unusable', fault: { code: 'CONNECT_KEY_INVALID' } });
  expect('fault' in found && found.fault.message).toMatch(why);
});

test('damaged texts are no keys', () => {
  const whole = privateFile(Buffer.concat([text('ssh-ed25519'), text(Buffer.alloc(32))]));
  expect(publicHalf(whole)).toBeInstanceOf(Buffer);
  for (let cut = 36; cut < 110; cut += 7) expect(publicHalf(whole.slice(0, cut))).toBeUndefined();
  for (const line of ['', 'ssh-ed25519', 'ssh-ed25519 AAAA', 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAcH', '# ssh-rsa x'])
    expect(publicKeyLine(line)).toBeUndefined();
});

test.each<[string, boolean, boolean]>([
  ['Password: ', false, true],
  ["ops@gw-1's password:", false, true],
  ['LDAP Password: ', false, true],
  ['Password: ', true, false],
  ['New password: ', false, false],
  ['Retype new password: ', false, false],
  ['(current) UNIX password: ', false, false],
  ["One-time password (OATH) for `ops': ", false, false],
  ['Verification code: ', false, false],
  ['Passcode or option (1-3): ', false, false],
])('the prompt %j (shown: %s) is for the password: %s', (prompt, echo, yes) => {
  expect(wantsPassword([{ prompt, echo }])).toBe(yes);
  expect(
    wantsPassword([
      { prompt, echo },
      { prompt: 'Token: ', echo: false },
    ]),
  ).toBe(false);
});
