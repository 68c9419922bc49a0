import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RawConnection } from '../../../src/transport/raw-connection.ts';
import { type SshHops, sshHops } from '../../../src/transport/ssh/connect/hops.ts';
import { connectSsh } from '../../../src/transport/ssh/ssh.ts';
import type { SshTarget } from '../../../src/transport/ssh/target.ts';
import { scriptedServers } from '../../support/ssh/scripted-servers.ts';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let far: TestSshd;
let bastion: TestSshd;
const { serve: door, relay } = scriptedServers();
beforeAll(async () => {
  far = await startSshd({ sudo: 'none' });
  bastion = await startSshd({ sudo: 'none' });
});
afterAll(async () => {
  await far[Symbol.asyncDispose]();
  await bastion[Symbol.asyncDispose]();
});

const relayTo = (port: number) => (socket: Socket) => void relay(socket, port);
const known = (name: string, ...lines: readonly (readonly [port: number, sshd: TestSshd])[]): readonly string[] => {
  const file = join(far.directory, name);
  writeFileSync(file, lines.map(([port, sshd]) => `[127.0.0.1]:${port} ${sshd.hostKey()}\n`).join(''));
  return [file];
};
const jumpBy = (overrides: Partial<SshTarget> = {}): SshTarget =>
  bastion.target({ name: 'bastion', become: 'none', ...overrides });
const open = (hops: SshHops, jump: SshTarget, overrides: Partial<SshTarget> = {}): Promise<RawConnection> =>
  connectSsh(far.target({ become: 'none', jump, ...overrides }), { acceptNewHostKeys: false, hops });
const cutBastion = (): void => {
  for (const pid of bastion.connections()) process.kill(pid, 'SIGKILL');
};
const whoami = async (host: RawConnection): Promise<string> => (await host.run({ argv: ['id', '-un'] })).stdout.trim();
const failures = (attempts: readonly Promise<RawConnection>[]): Promise<readonly unknown[]> =>
  Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        () => undefined,
        (error: unknown) => error,
      ),
    ),
  );

describe('an unreachable jump host fails all waiting connections at once, with one cause', () => {
  test.each([
    { how: 'mute', treat: (_: Socket) => {}, code: 'CONNECT_TIMED_OUT', connectTimeoutMs: 2000 },
    {
      how: 'cut after its banner',
      // Not before all of them wait for it.
      treat: (socket: Socket) => setTimeout(() => socket.end('SSH-2.0-x\r\n'), 1000),
      code: 'CONNECT_DROPPED',
      connectTimeoutMs: 20_000,
    },
  ])('$how', async ({ treat, code, connectTimeoutMs }) => {
    let isUp = false;
    const entry = await door((socket) => (isUp ? relayTo(bastion.port)(socket) : treat(socket)));
    const jump = jumpBy({
      port: entry.port,
      connectTimeoutMs,
      knownHosts: known(`k-${code}`, [entry.port, bastion]),
    });
    const hops = sshHops();
    const errors = await failures(Array.from({ length: 20 }, (_, i) => open(hops, jump, { name: `h${i}` })));
    expect(entry.count()).toBe(1);
    expect(new Set(errors.map((error) => (error as Error).cause)).size).toBe(1);
    for (const [i, error] of errors.entries())
      expect(error).toMatchObject({
        code,
        host: `h${i}`,
        retryable: true,
        message: expect.stringContaining(`the jump host ${bastion.user}@127.0.0.1:${entry.port}`),
      });
    isUp = true;
    const later = await open(hops, { ...jump, connectTimeoutMs: 30_000 });
    expect(await whoami(later)).toBe(far.user);
    expect(entry.count()).toBe(2);
    await later.close();
  });

  test('refused', async () => {
    const errors = await failures(Array.from({ length: 5 }, () => open(sshHops(), jumpBy({ port: 1 }))));
    for (const error of errors) expect(error).toMatchObject({ code: 'CONNECT_REFUSED', host: 'test-host' });
  });

  test('its key changed', async () => {
    await expect(open(sshHops(), jumpBy({ knownHosts: known('k-wrong', [bastion.port, far]) }))).rejects.toMatchObject({
      code: 'CONNECT_HOST_KEY_CHANGED',
      retryable: false,
      host: 'test-host',
      message: expect.stringContaining('the jump host'),
    });
  });
});

test('after the loss of a jump host, all its users share one reconnect', async () => {
  const hops = sshHops();
  const first = await Promise.all(Array.from({ length: 10 }, () => open(hops, jumpBy())));
  expect(bastion.connections().length).toBe(1);
  const running = first.map((host) =>
    host.run({ argv: ['sleep', '30'] }).catch((error: { code: string }) => error.code),
  );
  setTimeout(cutBastion, 300);
  expect(new Set(await Promise.all(running))).toEqual(new Set(['CONNECTION_LOST']));
  const second = await Promise.all(first.map(() => open(hops, jumpBy())));
  expect(bastion.connections().length).toBe(1);
  // Releasing the dead connection takes nothing from its later users.
  await Promise.all(first.map((host) => host.close()));
  expect(new Set(await Promise.all(second.map(whoami)))).toEqual(new Set([far.user]));
  await Promise.all(second.map((host) => host.close()));
  await expect.poll(() => bastion.connections().length).toBe(0);
});

test('a jump host that goes down during connects to targets is connected again once for all of them', async () => {
  let isStuck = true;
  const target = await door((socket) => {
    if (!isStuck) relayTo(far.port)(socket);
  });
  const hops = sshHops();
  const knownHosts = known('k-stuck', [target.port, far]);
  const opening = Promise.all(
    Array.from({ length: 5 }, () => open(hops, jumpBy(), { port: target.port, knownHosts, connectTimeoutMs: 20_000 })),
  );
  await expect.poll(target.count, { timeout: 10_000 }).toBe(5);
  isStuck = false;
  cutBastion();
  const hosts = await opening;
  expect(new Set(await Promise.all(hosts.map(whoami)))).toEqual(new Set([far.user]));
  expect(bastion.connections().length).toBe(1);
  await Promise.all(hosts.map((host) => host.close()));
});

test('the jump connection stays while one user is left, however often another closes', async () => {
  const hops = sshHops();
  const [one, two] = await Promise.all([open(hops, jumpBy()), open(hops, jumpBy())]);
  if (one === undefined || two === undefined) throw new Error('both are there');
  await one.close();
  await one.close();
  expect(await whoami(two)).toBe(far.user);
  expect(bastion.connections().length).toBe(1);
  await two.close();
  await expect.poll(() => bastion.connections().length).toBe(0);
});

test('a chain of jump hosts: each is one connection, and all end with the last user', async () => {
  await using outer = await startSshd({ sudo: 'none' });
  const hops = sshHops();
  const chain = jumpBy({ jump: outer.target({ name: 'outer', become: 'none' }) });
  const hosts = await Promise.all([1, 2, 3].map(() => open(hops, chain)));
  expect(await Promise.all(hosts.map(whoami))).toEqual([far.user, far.user, far.user]);
  expect([outer.connections().length, bastion.connections().length]).toEqual([1, 1]);
  await Promise.all(hosts.map((host) => host.close()));
  await expect.poll(() => [...outer.connections(), ...bastion.connections()].length).toBe(0);
  const broken = jumpBy({ jump: outer.target({ name: 'outer', become: 'none', port: 1 }) });
  await expect(open(hops, broken)).rejects.toMatchObject({
    code: 'CONNECT_REFUSED',
    message: expect.stringContaining('127.0.0.1:1'),
  });
});

describe('a target that the jump host cannot reach', () => {
  test.each([
    { what: 'nobody listens', target: { port: 1 }, code: 'CONNECT_REFUSED', retryable: true },
    { what: 'no such name', target: { address: 'no-such-host.invalid' }, code: 'CONNECT_UNREACHABLE' },
  ])('$what: $code', async ({ target, what: _, ...error }) => {
    await expect(open(sshHops(), jumpBy(), target)).rejects.toMatchObject({
      ...error,
      host: 'test-host',
      message: expect.stringContaining('the jump host'),
    });
    await expect.poll(() => bastion.connections().length).toBe(0);
  });

  test('it accepts the connection and sends nothing', async () => {
    const mute = await door(() => {});
    await expect(open(sshHops(), jumpBy(), { port: mute.port, connectTimeoutMs: 600 })).rejects.toMatchObject({
      code: 'CONNECT_TIMED_OUT',
      message: expect.stringContaining('sent nothing'),
    });
  });

  test('the jump host may forward to others only', async () => {
    await using strict = await startSshd({ sudo: 'none', config: ['PermitOpen 127.0.0.1:9'] });
    await expect(open(sshHops(), strict.target({ name: 'strict', become: 'none' }))).rejects.toMatchObject({
      code: 'CONNECT_JUMP_REFUSED',
      retryable: false,
      hint: expect.stringContaining('PermitOpen'),
    });
  });
});
