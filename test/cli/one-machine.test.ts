import { expect, test } from 'vitest';
import { refuseSameTarget } from '../../src/cli/one-machine.ts';
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
