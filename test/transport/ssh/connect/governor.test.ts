import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { defined } from '../../../../src/core/base/data.ts';
import { OrchError } from '../../../../src/core/base/errors.ts';
import { createGovernor } from '../../../../src/transport/ssh/connect/governor.ts';
import { AdaptiveLimit } from '../../../../src/transport/ssh/connect/governor-limit.ts';
import type { SshTarget } from '../../../../src/transport/ssh/target.ts';

const target = (address: string, jump?: SshTarget): SshTarget => ({
  name: address,
  address,
  port: 22,
  user: 'ops',
  become: 'none',
  connectTimeoutMs: 1000,
  ...defined({ jump }),
});
const throttled = (): OrchError => new OrchError('CONNECT_THROTTLED', 'dropped', { retryable: true });

/** Work that runs until its end is requested, and how much of it ran at once. */
function meter() {
  let now = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    now++;
    most = Math.max(most, now);
    for (let i = 0; i < 5; i++) await tick();
    now--;
  };
  return { work, most: () => most };
}

test.each([
  { what: 'at one machine', targets: () => target('10.0.0.7'), most: 8 },
  { what: 'in all', targets: (i: number) => target(`10.0.1.${i}`), most: 32 },
  { what: 'behind one jump host', targets: (i: number) => target(`10.0.1.${i}`, target('10.0.0.1')), most: 32 },
  {
    what: 'at one address behind jump hosts of their own',
    targets: (i: number) => target('10.0.0.7', target(`b${i}`)),
    most: 32,
  },
])('handshakes at once $what: $most', async ({ targets, most }) => {
  const governor = createGovernor();
  const meter_ = meter();
  await Promise.all(Array.from({ length: 100 }, (_, i) => governor.handshake(targets(i), meter_.work)));
  expect(meter_.most()).toBe(most);
});

test.each([
  { what: 'to one machine', targets: () => target('10.0.0.7'), most: 4 },
  { what: 'through one jump host', targets: (i: number) => target(`10.0.1.${i}`, target('10.0.0.1')), most: 4 },
  { what: 'to machines of their own', targets: (i: number) => target(`10.0.1.${i}`), most: 20 },
])('uploads at once $what: $most', async ({ targets, most }) => {
  const governor = createGovernor();
  const meter_ = meter();
  await Promise.all(Array.from({ length: 20 }, (_, i) => governor.upload(targets(i), meter_.work)));
  expect(meter_.most()).toBe(most);
});

test('an upload that fails makes room and reports why', async () => {
  const governor = createGovernor({ uploadsPerMachine: 1 });
  const failing = governor.upload(target('10.0.0.7', target('b')), () => Promise.reject(new Error('disk full')));
  await expect(failing).rejects.toThrow('disk full');
  expect(await governor.upload(target('10.0.0.7', target('b')), async () => 'done')).toBe('done');
});

test('only an overload is retried', async () => {
  const governor = createGovernor();
  let attempts = 0;
  const dropping = async (): Promise<string> => {
    attempts++;
    if (attempts < 3) throw throttled();
    return 'connected';
  };
  expect(await governor.handshake(target('10.0.0.7'), dropping)).toBe('connected');
  for (const code of [
    'CONNECT_REFUSED',
    'CONNECT_AUTH_FAILED',
    'CONNECT_HOST_KEY_CHANGED',
    'CONNECT_DROPPED',
  ] as const) {
    let tried = 0;
    const failing = async (): Promise<void> => {
      tried++;
      throw new OrchError(code, 'no', { retryable: true });
    };
    await expect(governor.handshake(target('10.0.0.7'), failing)).rejects.toMatchObject({ code });
    expect(tried).toBe(1);
  }
});

test('an interrupt ends the pause before the next attempt, and starts none', async () => {
  const governor = createGovernor();
  const user = new AbortController();
  const waiting = governor.handshake(target('10.0.0.7'), () => Promise.reject(throttled()), user.signal);
  await tick();
  user.abort();
  const interrupted = { code: 'INTERRUPTED', hint: expect.stringContaining('run the same command') };
  await expect(waiting).rejects.toMatchObject(interrupted);
  let begun = false;
  const late = governor.handshake(target('10.0.0.7'), async () => (begun = true), user.signal);
  await expect(late).rejects.toMatchObject(interrupted);
  expect(begun).toBe(false);
});

const always = (): boolean => true;
const fail = (): Promise<never> => Promise.reject(new Error('too many'));

test('a limit halves once for all that were refused together, and widens by one after a full round', async () => {
  const limit = new AdaptiveLimit(8);
  await Promise.allSettled(Array.from({ length: 8 }, () => limit.run(fail, always)));
  expect(limit.width).toBe(4);
  await Promise.all(Array.from({ length: 4 }, () => limit.run(async () => {}, always)));
  expect(limit.width).toBe(5);
  for (let i = 0; i < 10; i++) await limit.run(fail, always).catch(() => {});
  expect(limit.width).toBe(1);
  for (let i = 0; i < 100; i++) await limit.run(async () => {}, always);
  expect(limit.width).toBe(8);
});

test('one machine that refuses all narrows nothing for the others; two do', async () => {
  const limit = new AdaptiveLimit(8);
  for (let i = 0; i < 10; i++) await limit.run(fail, always, 'a').catch(() => {});
  expect(limit.width).toBe(8);
  await limit.run(fail, always, 'b').catch(() => {});
  expect(limit.width).toBe(4);
});
