import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { defined } from '../../../src/core/base/data.ts';
import { Secret } from '../../../src/core/base/secret.ts';
import type { Ask } from '../../../src/transport/ssh/ask.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { keyPair, promptWith, startAgent } from '../../support/ssh/ssh-keys.ts';
import { locked, startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

const PASSWORD = 'open sésame';
const password = Secret.of(PASSWORD);

/** A server whose user has a password. */
async function withPassword(...config: readonly string[]): Promise<TestSshd> {
  const sshd = await startSshd({ sudo: 'none', config });
  const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
  locked('usermod', ['-p', hash, sshd.user]);
  return sshd;
}
const enter = async (target: SshTarget, ask?: Ask): Promise<void> => {
  const link = await openLink(target, { acceptNewHostKeys: false, ...defined({ ask }) });
  await link.close();
};
const bare = { identityFiles: [], identityAgent: 'none', become: 'none' } as const;

test('a password: given, asked once for each host, wrong, and unknown', async () => {
  await using sshd = await withPassword('PasswordAuthentication yes', 'KbdInteractiveAuthentication no');
  await enter(sshd.target({ ...bare, password }));
  const { ask, asked } = promptWith(PASSWORD, PASSWORD);
  await Promise.all([1, 2, 3].map(() => enter(sshd.target(bare), ask)));
  const { name, address, port } = sshd.target(bare);
  const what = `${name} (${address}:${port}): password of ${sshd.user}`;
  expect(asked).toEqual([{ kind: 'password', what, echo: false }]);
  const wrong = promptWith('wrong', PASSWORD);
  await expect(enter(sshd.target(bare), wrong.ask)).rejects.toMatchObject({
    code: 'CONNECT_AUTH_FAILED',
    message: expect.stringMatching(/accepted none of: the password; it would still take: publickey, ?password/),
    hint: expect.stringContaining('correct the password'),
  });
  expect(wrong.asked.length).toBe(1);
  const key = keyPair(join(sshd.directory, 'stranger'));
  await expect(enter(sshd.target({ ...bare, identityFiles: [key] }))).rejects.toMatchObject({
    code: 'CONNECT_AUTH_FAILED',
    message: expect.stringContaining('it would still take: publickey, password'),
    hint: expect.stringContaining('--ask-pass'),
  });
  await enter(sshd.target({ ...bare, identityFiles: [key], password }));
});

test('an agent with many other keys leaves room for the password', async () => {
  await using sshd = await withPassword('PasswordAuthentication yes', 'KbdInteractiveAuthentication yes');
  const keys = Array.from({ length: 7 }, (_, index) => keyPair(join(sshd.directory, `stranger-${index}`)));
  using _agent = await startAgent(join(sshd.directory, 'agent'), keys);
  const identityAgent = join(sshd.directory, 'agent');
  await enter(sshd.target({ ...bare, identityAgent, password }));
  const locked = [1, 2].map((each) => keyPair(join(sshd.directory, `locked-${each}`), { passphrase: 'none known' }));
  await enter(sshd.target({ ...bare, identityAgent, identityFiles: locked, password }));
  // Nor do the usual files, which the agent does not hold, take that room.
  const home = join(sshd.directory, 'ours');
  mkdirSync(join(home, '.ssh'), { recursive: true });
  for (const type of ['ed25519', 'ecdsa', 'rsa']) keyPair(join(home, '.ssh', `id_${type}`), { type });
  vi.stubEnv('HOME', home);
  const { identityFiles: _, ...usual } = sshd.target({ ...bare, identityAgent, password });
  await enter(usual).finally(() => vi.unstubAllEnvs());
});

describe('a key and a password', () => {
  test.each([
    ['publickey,password', 'from the file'],
    ['publickey,password', 'from the agent'],
    ['password,publickey', 'from the file'],
    ['password,publickey', 'from the agent'],
  ])('%s, the key %s', async (order, where) => {
    await using sshd = await withPassword('PasswordAuthentication yes', `AuthenticationMethods ${order}`);
    const socket = join(sshd.directory, 'agent');
    using _agent = await startAgent(socket, where === 'from the agent' ? [sshd.identityFile] : []);
    const keys = where === 'from the agent' ? { identityFiles: [], identityAgent: socket } : { identityAgent: 'none' };
    await enter(sshd.target({ become: 'none', ...keys, password }));
    const { ask, asked } = promptWith(PASSWORD);
    await enter(sshd.target({ become: 'none', ...keys }), ask);
    expect(asked.length).toBe(1);
    await expect(enter(sshd.target({ become: 'none', ...keys }))).rejects.toMatchObject({
      code: 'CONNECT_AUTH_FAILED',
      message: expect.stringMatching(/it would still take: password/),
    });
  });

  test('accepted methods are distinguished from refused ones', async () => {
    await using sshd = await withPassword('PasswordAuthentication yes', 'AuthenticationMethods publickey,password');
    await expect(enter(sshd.target({ become: 'none', password: Secret.of('wrong') }))).rejects.toMatchObject({
      message: expect.stringMatching(/none of: the password; it took key .*id_ed25519/),
    });
  });
});

test("PAM's prompts: the password goes to its own prompt, once", async () => {
  await using sshd = await withPassword(
    'UsePAM yes',
    'KbdInteractiveAuthentication yes',
    'PasswordAuthentication no',
    'PubkeyAuthentication no',
  );
  await enter(sshd.target({ ...bare, password }));
  await enter(sshd.target(bare), promptWith(PASSWORD).ask);
  const wrong = promptWith('wrong', PASSWORD);
  await expect(enter(sshd.target(bare), wrong.ask)).rejects.toMatchObject({ code: 'CONNECT_AUTH_FAILED' });
  expect(wrong.asked.length).toBe(1);
  await expect(enter(sshd.target())).rejects.toMatchObject({
    code: 'CONNECT_AUTH_FAILED',
    message: expect.stringContaining('the server prompts "Password:", and there is no terminal'),
  });
});
