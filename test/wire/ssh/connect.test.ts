import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sshHops } from '../../../src/transport/ssh/connect/hops.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { listen } from '../../support/base/listen.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
let agent: ChildProcess | undefined;
const agentBefore = process.env.SSH_AUTH_SOCK;
beforeAll(async () => {
  delete process.env.SSH_AUTH_SOCK;
  sshd = await startSshd();
});
afterEach(() => {
  agent?.kill();
  agent = undefined;
  delete process.env.SSH_AUTH_SOCK;
});
afterAll(async () => {
  if (agentBefore !== undefined) process.env.SSH_AUTH_SOCK = agentBefore;
  await sshd[Symbol.asyncDispose]();
});

const open = (overrides: Partial<SshTarget> = {}) => sshd.connect(overrides);
/** The end of a socket. */
const firstError = (socket: Duplex): Promise<never> =>
  new Promise((_resolve, reject) => socket.on('error', reject).resume());
/** A server as the jump host to another one. */
const jumpOf = (bastion: TestSshd): SshTarget => bastion.target({ name: 'bastion', become: 'none' });
const enter = async (overrides: Partial<SshTarget> = {}): Promise<string> => {
  const host = await open(overrides);
  const { stdout } = await host.run({ argv: ['id', '-un'] });
  await host.close();
  return stdout.trim();
};

async function startAgent(...keys: readonly string[]): Promise<void> {
  const socket = join(sshd.directory, 'agent.sock');
  rmSync(socket, { force: true });
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise<void>((resolve) => agent?.stdout?.once('data', () => resolve()));
  process.env.SSH_AUTH_SOCK = socket;
  for (const key of keys)
    execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_ASKPASS: '' }, stdio: 'pipe' });
}

function key(name: string, passphrase = ''): string {
  const file = join(sshd.directory, name);
  rmSync(file, { force: true });
  rmSync(`${file}.pub`, { force: true });
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', file]);
  return file;
}

test('become decides the user of commands', async () => {
  expect(await enter({ become: 'sudo' })).toBe('root');
  expect(await enter({ become: 'none' })).toBe(sshd.user);
});

test('a key that the host does not accept: the tried keys are named', async () => {
  const file = key('other');
  const error = await open({ identityFiles: [file] }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'CONNECT_AUTH_FAILED', retryable: false, host: 'test-host' });
  const print = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).split(' ')[1];
  expect(String(error)).toContain(`key ${file} (${print})`);
  expect(String(error)).toContain('no ssh-agent');
});

test('an identity file that is missing, is no key, or is locked', async () => {
  await expect(open({ identityFiles: [join(sshd.directory, 'none')] })).rejects.toMatchObject({
    code: 'CONNECT_KEY_MISSING',
  });
  await expect(open({ identityFiles: [sshd.knownHosts] })).rejects.toMatchObject({ code: 'CONNECT_KEY_INVALID' });
  await expect(open({ identityFiles: [`${sshd.identityFile}.pub`] })).rejects.toMatchObject({
    code: 'CONNECT_KEY_INVALID',
  });
  await expect(open({ identityFiles: [key('locked', 'a phrase')] })).rejects.toMatchObject({
    code: 'CONNECT_KEY_ENCRYPTED',
    hint: expect.stringContaining('ssh-add'),
  });
});

test('the agent logs in, also in place of a locked identity file', async () => {
  await startAgent(sshd.identityFile);
  expect(await enter({ identityFiles: [key('locked-2', 'a phrase')] })).toBe('root');
});

test('an agent full of wrong keys, and one that has ended', async () => {
  await startAgent(...Array.from({ length: 7 }, (_, i) => key(`wrong-${i}`)));
  await expect(open({ identityFiles: [key('wrong-too')] })).rejects.toMatchObject({
    code: 'CONNECT_AUTH_FAILED',
    message: expect.stringContaining('ssh-agent with 7 keys'),
  });
  expect(await enter()).toBe('root');
  process.env.SSH_AUTH_SOCK = join(sshd.directory, 'gone.sock');
  expect(await enter()).toBe('root');
});

test('refused, no response, unknown name, no SSH server', async () => {
  const mute = createServer((socket) => socket.resume());
  const port = await listen(mute);
  await expect(open({ port, connectTimeoutMs: 600 })).rejects.toMatchObject({
    code: 'CONNECT_TIMED_OUT',
    retryable: true,
  });
  mute.on('connection', (socket) => socket.destroy());
  let tries = 0;
  mute.on('connection', () => tries++);
  await expect(open({ port })).rejects.toMatchObject({ code: 'CONNECT_THROTTLED', retryable: true });
  expect(tries).toBe(8);
  mute.close();
  await new Promise((resolve) => mute.once('close', resolve));
  await expect(open({ port })).rejects.toMatchObject({ code: 'CONNECT_REFUSED', retryable: true });
  await expect(open({ address: 'no-such-host.invalid' })).rejects.toMatchObject({ code: 'CONNECT_UNREACHABLE' });
});

test('many at once get through a server that drops some', async () => {
  await using narrow = await startSshd({ config: ['MaxStartups 3:60:6'] });
  const hosts = await Promise.all(Array.from({ length: 20 }, () => narrow.connect()));
  expect((await Promise.all(hosts.map((host) => host.run({ argv: ['true'] })))).every(({ code }) => code === 0)).toBe(
    true,
  );
  await Promise.all(hosts.map((host) => host.close()));
});

test('an abort ends a connection attempt', async () => {
  const mute = createServer();
  const port = await listen(mute);
  const attempt = connectSsh(sshd.target({ port }), { acceptNewHostKeys: false, signal: AbortSignal.timeout(200) });
  await expect(attempt).rejects.toMatchObject({
    code: 'INTERRUPTED',
    hint: expect.stringContaining('run the same command'),
  });
  mute.close();
});

test('sudo that wants a password, and a user without a shell', async () => {
  await using asking = await startSshd({ sudo: 'password' });
  const refused = await asking.connect();
  await expect(refused.facts()).rejects.toMatchObject({
    code: 'CONNECT_SUDO_PASSWORD',
    details: expect.stringContaining('password is required'),
    hint: expect.stringMatching(/-K \(--ask-become-pass\).*become_password.*NOPASSWD/),
  });
  await expect(refused.run({ argv: ['true'] })).rejects.toMatchObject({
    code: 'CONNECT_SUDO_PASSWORD',
    host: 'test-host',
  });
  await expect(refused.dialDocker().then(firstError)).rejects.toMatchObject({ code: 'CONNECT_SUDO_PASSWORD' });
  await refused.close();
  await using shut = await startSshd({ shell: '/usr/sbin/nologin' });
  const turnedAway = await shut.connect({ become: 'none' });
  await expect(turnedAway.facts()).rejects.toMatchObject({ code: 'CONNECT_SHELL_REFUSED' });
  await turnedAway.close();
});

test('a plain user gets an error for forbidden actions', async () => {
  const host = await open({ become: 'none' });
  const owned = { mode: '0644', owner: sshd.user, group: sshd.user } as const;
  await expect(host.writeFile('/etc/api7-orch-test', 'x', owned)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining('/etc/api7-orch-test'),
  });
  await expect(host.read('/etc/shadow')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  await expect(host.sha256('/etc/shadow')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  await expect(host.stat('/root/.profile')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  await host.writeFile(`${sshd.home}/mine`, 'x', owned);
  expect(readFileSync(`${sshd.home}/mine`, 'utf8')).toBe('x');
  expect((await host.facts()).uid).toBeGreaterThan(0);
  await host.close();
});

test('through a jump host: its key is checked under its own name, and one connection carries all', async () => {
  await using bastion = await startSshd({ sudo: 'none' });
  const both = join(sshd.directory, 'known_both');
  writeFileSync(both, readFileSync(sshd.knownHosts, 'utf8') + readFileSync(bastion.knownHosts, 'utf8'));
  const hops = sshHops();
  const target = sshd.target({ jump: { ...jumpOf(bastion), knownHosts: [both] }, knownHosts: [both] });
  const hosts = await Promise.all([1, 2, 3].map(() => connectSsh(target, { acceptNewHostKeys: false, hops })));
  expect(
    (await Promise.all(hosts.map((host) => host.run({ argv: ['id', '-un'] })))).map(({ stdout }) => stdout),
  ).toEqual(['root\n', 'root\n', 'root\n']);
  expect(bastion.connections().length).toBe(1);
  await Promise.all(hosts.map((host) => host.close()));
  await expect.poll(() => bastion.connections().length).toBe(0);
  await expect(
    connectSsh(
      { ...target, jump: { ...target, ...jumpOf(bastion), knownHosts: [sshd.knownHosts] } },
      { acceptNewHostKeys: false },
    ),
  ).rejects.toMatchObject({
    code: 'CONNECT_HOST_KEY_UNKNOWN',
    message: expect.stringContaining(`[127.0.0.1]:${bastion.port}`),
  });
  await expect(connectSsh({ ...target, port: 1 }, { acceptNewHostKeys: false })).rejects.toMatchObject({
    code: 'CONNECT_REFUSED',
  });
  const again = await connectSsh(target, { acceptNewHostKeys: false, hops });
  const running = again.run({ argv: ['sleep', '30'] });
  setTimeout(() => {
    for (const pid of bastion.connections()) process.kill(pid, 'SIGKILL');
  }, 300);
  await expect(running).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
});

test('a jump host that forwards nothing is reported', async () => {
  await using bastion = await startSshd({ config: ['AllowTcpForwarding no'] });
  await expect(sshd.connect({ jump: jumpOf(bastion) })).rejects.toMatchObject({
    code: 'CONNECT_JUMP_REFUSED',
  });
});
