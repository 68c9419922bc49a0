import { expect, test } from 'vitest';
import { refuseSameTarget, sameMachineCheck } from '../../src/cli/one-machine.ts';
import type { Facts } from '../../src/core/host/connection.ts';
import type { SshTarget } from '../../src/transport/ssh/target.ts';

const target = (name: string, address: string, more: Partial<SshTarget> = {}): SshTarget => ({
  name,
  address,
  port: 22,
  user: 'ops',
  become: 'sudo',
  connectTimeoutMs: 1000,
  ...more,
});

const bastion = target('bastion', '192.0.2.1');

test('two hosts that ssh reaches at one address and port are refused with both names', () => {
  expect(() => refuseSameTarget([target('gw-1', 'Edge.example.com'), target('gw-2', 'edge.example.com')])).toThrow(
    expect.objectContaining({
      code: 'INVENTORY_INVALID',
      message: 'gw-1 and gw-2 are one machine: ssh reaches both at edge.example.com:22',
    }),
  );
});

test.each([
  ['another port', target('gw-2', '10.0.0.1', { port: 2222 })],
  ['another way there', target('gw-2', '10.0.0.1', { jump: bastion })],
  ['another address', target('gw-2', '10.0.0.2')],
])('%s is another machine', (_, second) => {
  expect(() => refuseSameTarget([target('gw-1', '10.0.0.1'), second])).not.toThrow();
});

const says = async (machine: string | null): Promise<Facts> => ({
  os: 'Debian',
  kernel: '6.1.0',
  arch: 'x86_64',
  uid: 0,
  clockSkewMs: 0,
  nofile: 1024,
  machine,
});

test('two hosts that say of themselves that they are one machine are refused with both names', async () => {
  const refuse = sameMachineCheck();
  await refuse('gw-1', says('boot-1 net:[4] gw'));
  await expect(refuse('gw-2', says('boot-1 net:[4] gw'))).rejects.toMatchObject({
    code: 'INVENTORY_INVALID',
    message: 'gw-1 and gw-2 are one machine: both connections lead to the same running system',
  });
});

test.each([
  ['a clone with the same name, which its kernel started by itself', 'boot-2 net:[4] gw'],
  ['a container on the same kernel', 'boot-1 net:[5] gw'],
  ['a machine resumed from the same image', 'boot-1 net:[4] gw-b'],
])('%s is another machine', async (_, other) => {
  const refuse = sameMachineCheck();
  await refuse('gw-1', says('boot-1 net:[4] gw'));
  await refuse('gw-2', says(other));
});

test('a host that is connected to again, or does not say what it is, is not judged', async () => {
  const refuse = sameMachineCheck();
  await refuse('gw-1', says('boot-1 net:[4] gw'));
  await refuse('gw-1', says('boot-1 net:[4] gw'));
  await refuse('gw-1', says('boot-2 net:[4] gw'));
  await refuse('gw-2', says(null));
  await refuse('gw-3', says(null));
  await refuse('gw-4', Promise.reject(new Error('no facts')));
});
