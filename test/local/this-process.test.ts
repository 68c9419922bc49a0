import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import type { LockProcess } from '../../src/core/host/lock.ts';
import { hasEnded, thisProcess } from '../../src/local/this-process.ts';

const { API7_ORCH_MACHINE_ID } = process.env;
afterEach(() => {
  if (API7_ORCH_MACHINE_ID === undefined) delete process.env.API7_ORCH_MACHINE_ID;
  else process.env.API7_ORCH_MACHINE_ID = API7_ORCH_MACHINE_ID;
});

const here = (): LockProcess => {
  process.env.API7_ORCH_MACHINE_ID ??= 'a machine';
  return thisProcess() as LockProcess;
};

test('this process has not ended', () => {
  expect(here()).toMatchObject({ pid: process.pid, machine: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(here()).toEqual(here());
  expect(hasEnded(here())).toBe(false);
});

test('a killed process of the same machine has ended, reaped or not', async () => {
  const identity = here();
  const child = spawn('sleep', ['60']);
  const { pid = 0 } = child;
  process.kill(pid, 'SIGKILL');
  await once(child, 'exit');
  expect(hasEnded({ ...identity, pid })).toBe(true);
  const parent = spawn('sh', [
    '-c',
    'sleep 0.2 & read a b c d e f g h i j k l m n o p q r s t u v x </proc/$!/stat; echo $! $v; exec sleep 60',
  ]);
  const [zombie = 0, start = 0] = String((await once(parent.stdout, 'data'))[0])
    .split(' ')
    .map(Number);
  expect(hasEnded({ ...identity, pid: zombie, start })).toBe(false);
  await expect.poll(() => hasEnded({ ...identity, pid: zombie, start })).toBe(true);
  parent.kill('SIGKILL');
});

test('its number is another process by now: it has ended', () => {
  expect(hasEnded({ ...here(), start: here().start - 1 })).toBe(true);
});

test.each(['machine', 'boot'] as const)('of another %s nothing is known', (what) => {
  expect(hasEnded({ ...here(), pid: 2 ** 22 + 1, start: 1 })).toBe(true);
  expect(hasEnded({ ...here(), pid: 2 ** 22 + 1, start: 1, [what]: 'another' })).toBe(false);
});

test('the identity of a machine is not in the lock', () => {
  process.env.API7_ORCH_MACHINE_ID = '0123456789abcdef';
  expect(JSON.stringify(thisProcess())).not.toContain('0123456789abcdef');
  const elsewhere = thisProcess()?.machine;
  process.env.API7_ORCH_MACHINE_ID = 'another';
  expect(thisProcess()?.machine).not.toBe(elsewhere);
});
