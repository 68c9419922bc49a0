import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSshd, type TestSshd } from '../../support/ssh/sshd.ts';
import { sshdInventory } from '../../support/ssh/sshd-inventory.ts';

const root = resolve(import.meta.dirname, '../../..');
const MIB = 1024 * 1024;
let sshd: TestSshd;
let inventory: string;
beforeAll(async () => {
  sshd = await startSshd({ sudo: 'none' });
  inventory = sshdInventory(sshd, { h1: { address: '127.0.0.1' } });
});
afterAll(() => sshd[Symbol.asyncDispose]());

const exec = (command: string): ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> } =>
  spawn(process.execPath, ['src/cli/main.ts', 'exec', 'h1', '-i', inventory, '--', command], {
    cwd: root,
    env: { ...process.env, SSH_AUTH_SOCK: '', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The most memory that a process has had, in MiB. */
const peak = ({ pid }: ChildProcess): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

test('a line of 64 MiB is cut and marked, in linear time and little memory', async () => {
  const child = exec('head -c 67108864 /dev/zero | tr "\\0" x; echo; echo after');
  let shown = '';
  let most = 0;
  const watch = setInterval(() => {
    if (child.exitCode === null) most = Math.max(most, peak(child));
  }, 100);
  for await (const chunk of child.stdout) shown += chunk;
  clearInterval(watch);
  const [first = '', second = ''] = shown.split('\n');
  expect(first).toBe(`h1 | ${'x'.repeat(64 * 1024)}… (line cut: ${64 * MIB - 64 * 1024} more characters)`);
  expect(second).toBe('h1 | after');
  expect(most).toBeLessThan(300);
  expect(child.exitCode ?? 0).toBe(0);
}, 60_000);

test('a slow reader slows the host down, and loses nothing', async () => {
  const lines = 20_000;
  const done = join(sshd.home, 'done');
  const child = exec(`yes ${'x'.repeat(999)} | head -n ${lines}; : >${done}`);
  await delay(8000);
  // Twenty megabytes are sent in a second without a slow reader.
  expect(existsSync(done)).toBe(false);
  expect(peak(child)).toBeLessThan(300);
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += chunk.length;
  expect(bytes).toBe(lines * ('h1 | '.length + 1000));
  expect(existsSync(done)).toBe(true);
}, 120_000);
