import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../../src/core/base/secret.ts';
import { readingShell } from '../../../src/transport/read/reading-shell.ts';
import type { Launch, SessionWish } from '../../../src/transport/shell/shell-process.ts';
import { openLink } from '../../../src/transport/ssh/connect/client.ts';
import { locked, startSshd, type TestSshd } from '../../support/ssh/sshd.ts';

let sshd: TestSshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(async () => {
  await sshd[Symbol.asyncDispose]();
});

/** Processes of the shells of api7-orch on this host, by their command lines. */
const shells = (user: string): readonly number[] =>
  execFileSync('pgrep', ['-u', user, '-f', 'read -r n t'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(Number);

async function lane() {
  const link = await openLink(sshd.target(), { acceptNewHostKeys: false });
  const sessions: boolean[] = [];
  const wishes: SessionWish[] = [];
  const launch: Launch = (line, wish = {}) => {
    wishes.push(wish);
    return link.launch(line, wish);
  };
  const shell = readingShell(launch, { become: 'none' }, (open) => sessions.push(open));
  return { link, shell, sessions, wishes };
}

test('all reads and small writes of a host go through one shell, which ends with the connection', async () => {
  const host = await sshd.connect({ become: 'none' });
  const owned = { mode: '0600', owner: sshd.user, group: sshd.user } as const;
  for (let i = 0; i < 5; i++) {
    await host.writeFile(join(sshd.home, 'small'), Buffer.from([0, i, 255]), owned);
    expect(await host.read(join(sshd.home, 'small'))).toEqual(Buffer.from([0, i, 255]));
  }
  expect(shells(sshd.user).length).toBe(1);
  await host.close();
  await expect
    .poll(() => {
      try {
        return shells(sshd.user).length;
      } catch {
        return 0;
      }
    })
    .toBe(0);
});

test('scripts sent at once get their replies in order, each its own', async () => {
  const { link, shell, sessions, wishes } = await lane();
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      shell.run({ script: `echo ${i}; cat; exit ${i}`, input: Buffer.from(`<${i}>`) }),
    ),
  );
  expect(answers.map(({ stdout, code }) => [stdout.toString(), code])).toEqual(
    Array.from({ length: 40 }, (_, i) => [`${i}\n<${i}>`, i]),
  );
  expect(sessions).toEqual([true]);
  const running = shell.run({ script: 'echo last' });
  expect(wishes[0]?.release?.()).toBe(false);
  await running;
  expect(wishes[0]?.release?.()).toBe(true);
  expect(sessions).toEqual([true, false]);
  expect((await shell.run({ script: 'echo again' })).stdout.toString()).toBe('again\n');
  await link.close();
});

test('a killed shell is started again, and its pending scripts are sent again', async () => {
  const { link, shell, sessions } = await lane();
  const marker = join(sshd.home, 'once');
  const reply = await shell.run({ script: `[ -e ${marker} ] || { : >${marker}; kill -s KILL $$; }; echo alive` });
  expect(reply.stdout.toString()).toBe('alive\n');
  expect(sessions).toEqual([true, false, true]);
  await expect(shell.run({ script: 'kill -s KILL $$' })).rejects.toMatchObject({
    code: 'READ_FAILED',
    retryable: true,
  });
  await link.close();
});

test.each([
  ['silent', { script: 'sleep 60', idleMs: 1500 }],
  ['chatty', { script: 'while :; do echo on; sleep 0.1; done', timeoutMs: 1500, idleMs: 30_000 }],
])('a script that hangs, %s, is killed with its group; scripts behind it still get replies', async (_how, script) => {
  const { link, shell } = await lane();
  const pidFile = join(sshd.home, 'hung');
  const hung = shell.run({ ...script, script: `echo $(sh -c 'echo $PPID') >${pidFile}; ${script.script}` });
  const behind = shell.run({ script: 'echo behind' });
  await expect(hung).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect((await behind).stdout.toString()).toBe('behind\n');
  const pid = readFileSync(pidFile, 'utf8').trim();
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
  await link.close();
});

test('a lost connection fails running and waiting scripts', async () => {
  const { link, shell } = await lane();
  const running = shell.run({ script: 'sleep 30' });
  const waiting = shell.run({ script: 'echo no' });
  const outcomes = Promise.allSettled([running, waiting]);
  await delay(200);
  for (const pid of sshd.connections()) process.kill(pid, 'SIGKILL');
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_LOST' } });
  expect(link.lost()).toBe(true);
});

test('an sshd that grants one session serves reads and commands alternately', async () => {
  await using narrow = await startSshd({ config: ['MaxSessions 1'] });
  const host = await narrow.connect();
  expect((await host.facts()).uid).toBe(0);
  expect((await host.run({ argv: ['echo', 'hello'] })).stdout).toBe('hello\n');
  expect((await host.stat('/'))?.type).toBe('directory');
  await host.close();
});

test('a sudo password is sent by stdin, only when sudo asks', async () => {
  await using asking = await startSshd({ sudo: 'password' });
  const hash = execFileSync('openssl', ['passwd', '-6', 'sésame 1'], { encoding: 'utf8' }).trim();
  locked('usermod', ['-p', hash, asking.user]);
  const connect = (password: string, port = asking) => port.connect({ becomePassword: Secret.of(password) });
  const host = await connect('sésame 1');
  expect((await host.facts()).uid).toBe(0);
  const { stdout } = await host.run({ script: 'id -un; cat; ps -eo args' }, { stdin: 'the input' });
  expect(stdout.startsWith('root\nthe input')).toBe(true);
  expect(stdout).not.toContain('sésame');
  await host.close();
  const wrong = await connect('another');
  await expect(wrong.facts()).rejects.toMatchObject({ code: 'CONNECT_SUDO_PASSWORD_WRONG', host: 'test-host' });
  await wrong.close();
  const needless = await connect('never asked for', sshd);
  expect((await needless.run({ script: 'id -u; cat' }, { stdin: 'x' })).stdout).toBe('0\nx');
  await needless.close();
});
