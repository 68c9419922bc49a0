import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import type { Ask } from '../../../src/transport/ssh/ask.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { keyPair, printOf, promptWith, startAgent } from '../../support/ssh/ssh-keys.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
const socketBefore = process.env.SSH_AUTH_SOCK;
beforeAll(async () => {
  delete process.env.SSH_AUTH_SOCK;
  sshd = await startSshd({ sudo: 'none' });
});
afterAll(async () => {
  if (socketBefore !== undefined) process.env.SSH_AUTH_SOCK = socketBefore;
  await sshd[Symbol.asyncDispose]();
});

const file = (name: string): string => join(sshd.directory, name);
/** Logs in and out again. */
const enter = async (overrides: Partial<SshTarget>, ask?: Ask): Promise<void> => {
  const target = sshd.target({ become: 'none', ...overrides });
  const link = await openLink(target, { acceptNewHostKeys: false, ...defined({ ask }) });
  await link.close();
};
/** A key that the server accepts, besides its usual one. */
function welcome(key: string): string {
  const authorized = `${sshd.identityFile}.pub`;
  writeFileSync(
    authorized,
    `${readFileSync(authorized, 'utf8').trimEnd()}\n${execFileSync('ssh-keygen', ['-yf', key, '-P', 'a phrase'], { encoding: 'utf8' })}`,
  );
  return key;
}

describe('a key with a passphrase', () => {
  test('is asked for once, for any number of hosts and connections', async () => {
    const key = welcome(keyPair(file('locked'), { passphrase: 'a phrase' }));
    const { ask, asked } = promptWith('a phrase', 'a phrase');
    await Promise.all(Array.from({ length: 5 }, () => enter({ identityFiles: [key] }, ask)));
    await enter({ identityFiles: [key] }, ask);
    expect(asked).toEqual([{ kind: 'passphrase', what: `passphrase of the key ${key}`, echo: false }]);
  });

  test('three wrong answers are enough, for all hosts together', async () => {
    const key = welcome(keyPair(file('locked-wrong'), { passphrase: 'a phrase' }));
    const { ask, asked } = promptWith('one', 'two', 'three', 'a phrase');
    const fault = { code: 'CONNECT_KEY_ENCRYPTED', hint: expect.stringContaining(`ssh-add ${key}`) };
    await expect(enter({ identityFiles: [key] }, ask)).rejects.toMatchObject(fault);
    await expect(enter({ identityFiles: [key] }, ask)).rejects.toMatchObject(fault);
    expect(asked.map(({ what }) => what)).toEqual([
      `passphrase of the key ${key}`,
      `that was wrong; passphrase of the key ${key}`,
      `that was wrong; passphrase of the key ${key}`,
    ]);
  });

  test('a wrong answer and a right one', async () => {
    const key = welcome(keyPair(file('locked-second'), { passphrase: 'a phrase' }));
    const { ask, asked } = promptWith('one', 'a phrase');
    await enter({ identityFiles: [key] }, ask);
    expect(asked.length).toBe(2);
  });

  test('is not asked for if the server does not accept the key, or has accepted another', async () => {
    const key = keyPair(file('locked-strange'), { passphrase: 'a phrase' });
    const { ask, asked } = promptWith('a phrase');
    await expect(enter({ identityFiles: [key] }, ask)).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringContaining(`key ${key} (${printOf(key)})`),
    });
    await enter({ identityFiles: [key, sshd.identityFile] }, ask);
    expect(asked).toEqual([]);
  });

  test('without an answer the needed key is named', async () => {
    const key = welcome(keyPair(file('locked-nobody'), { passphrase: 'a phrase' }));
    await expect(enter({ identityFiles: [key] }, promptWith().ask)).rejects.toMatchObject({
      code: 'CONNECT_KEY_ENCRYPTED',
      message: expect.stringContaining('would be taken by test-host'),
    });
    const other = keyPair(file('other'));
    await expect(enter({ identityFiles: [key, other] })).rejects.toMatchObject({ code: 'CONNECT_KEY_ENCRYPTED' });
  });

  test('in the old format, with the public half in the file beside it, or nowhere', async () => {
    const key = welcome(keyPair(file('locked-pem'), { passphrase: 'a phrase', type: 'rsa', format: 'PEM' }));
    await enter({ identityFiles: [key] }, promptWith('a phrase').ask);
    copyFileSync(key, file('locked-alone'));
    await enter({ identityFiles: [file('locked-alone')] }, promptWith('a phrase').ask);
  });

  test('a file that was replaced meanwhile is read again', async () => {
    const key = welcome(keyPair(file('replaced'), { passphrase: 'a phrase' }));
    await enter({ identityFiles: [key] }, promptWith('a phrase').ask);
    keyPair(key);
    await expect(enter({ identityFiles: [key] })).rejects.toMatchObject({ code: 'CONNECT_AUTH_FAILED' });
  });
});

test.each(['ed25519', 'ecdsa', 'rsa'])('an %s key logs in, from its file and from the agent', async (type) => {
  const key = welcome(keyPair(file(`plain-${type}`), { type }));
  await enter({ identityFiles: [key] });
  using _agent = await startAgent(file('agent-plain'), [key]);
  rmSync(key);
  await enter({ identityFiles: [key], identityAgent: file('agent-plain') });
});

describe('the agent', () => {
  const otherKeys = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => keyPair(file(`stranger-${index}`)));

  test('a named key is offered before the others, from any source', async () => {
    const key = welcome(keyPair(file('kept')));
    using _agent = await startAgent(file('agent-many'), [...otherKeys(7), key]);
    const identityAgent = file('agent-many');
    await expect(enter({ identityFiles: [], identityAgent })).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringContaining('too many failures'),
      hint: expect.stringContaining('IdentitiesOnly'),
    });
    rmSync(key);
    await enter({ identityFiles: [key], identityAgent });
    await enter({ identityFiles: [`${key}.pub`], identityAgent, identitiesOnly: true });
  });

  test('only named keys, with IdentitiesOnly', async () => {
    using _agent = await startAgent(file('agent-only'), [sshd.identityFile]);
    const other = keyPair(file('other-only'));
    const wishes = { identityFiles: [other], identityAgent: file('agent-only') };
    await enter(wishes);
    await expect(enter({ ...wishes, identitiesOnly: true })).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringContaining('its other keys left out (IdentitiesOnly)'),
    });
  });

  test('is found by IdentityAgent, and not used with none', async () => {
    using _agent = await startAgent(file('agent-named'), [sshd.identityFile]);
    process.env.ORCH_TEST_AGENT = file('agent-named');
    await enter({ identityFiles: [], identityAgent: '$ORCH_TEST_AGENT' });
    await enter({ identityFiles: [], identityAgent: file('agent-named') });
    delete process.env.ORCH_TEST_AGENT;
    await expect(enter({ identityFiles: [], identityAgent: 'none' })).rejects.toMatchObject({
      code: 'CONNECT_NO_KEY',
      message: expect.stringContaining('IdentityAgent none'),
    });
    await enter({ identityAgent: file('gone') });
  });

  test('a certificate, in it or beside a file, is named with the hint', async () => {
    const authority = keyPair(file('authority'));
    const key = keyPair(file('certified'));
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'me', '-n', sshd.user, `${key}.pub`]);
    using _agent = await startAgent(file('agent-cert'), [key]);
    const error = await enter({ identityFiles: [key], identityAgent: file('agent-cert') }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'CONNECT_AUTH_FAILED' });
    expect(String(error)).toMatch(/agent key .*ssh-ed25519-cert-v01@openssh\.com.*: certificates are not supported/);
    expect(String(error)).toContain(`${key}-cert.pub left out: certificates are not supported`);
  });
});
