import { expect, test } from 'vitest';
import { networkRequest } from '../../../src/transport/read/network-request.ts';

const parsed = (...lines: readonly string[]) =>
  networkRequest.parse({ code: 0, stdout: Buffer.from(lines.join('\n')), stderr: '', sentAt: 0, answeredAt: 0 });

test('addresses are those that the kernel treats as local, of both families', () => {
  const { addresses, bindsAny } = parsed(
    ...['@any', '0', '@local'],
    '     |-- 0.0.0.0',
    ...[
      '           |-- 127.0.0.0',
      '              /8 host LOCAL',
      '           |-- 127.0.0.1',
      '              /32 host LOCAL',
    ],
    ...[
      '           |-- 10.0.0.0',
      '           |-- 10.0.0.5',
      '              /32 host LOCAL',
      '           |-- 10.0.0.255',
    ],
    '@inet6',
    '00000000000000000000000000000001 01 80 10 80       lo',
    'fd000000000000000000000000000005 02 40 00 80     eth0',
  );
  expect(addresses).toEqual(['127.0.0.0/8', '127.0.0.1', '10.0.0.5', '::1', 'fd00::5']);
  expect(bindsAny).toBe(false);
});

test('a host may bind addresses that it does not have', () => {
  expect(parsed('@any', '1', '@local').bindsAny).toBe(true);
});

test('listeners are read from ss, in its older and newer form', () => {
  const { listening } = parsed(
    '@ss',
    'LISTEN 0      511          0.0.0.0:9080       0.0.0.0:*    users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))',
    'LISTEN 0      4096   127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=9,fd=14))',
    'LISTEN 0      128             [::]:22            [::]:*',
    'LISTEN 0      128               :::2222            :::*',
    'LISTEN 0      128                *:80               *:*',
    'LISTEN 0      128   [::ffff:10.0.0.5]:81            *:*',
  );
  expect(listening).toEqual([
    { address: '0.0.0.0', port: 9080, process: 'nginx' },
    { address: '127.0.0.53', port: 53, process: 'systemd-resolve' },
    { address: '::', port: 22 },
    { address: '::', port: 2222 },
    { address: '::', port: 80 },
    { address: '10.0.0.5', port: 81 },
  ]);
});

test('and from the kernel where there is no ss', () => {
  const { listening } = parsed(
    '@proc',
    '   0: 0500000A:2378 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   1: 00000000000000000000000000000000:1BAD 00000000000000000000000000000000:0000 0A 00000000:00000000',
    '   2: 000000FD000000000000000005000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000',
  );
  expect(listening).toEqual([
    { address: '10.0.0.5', port: 9080 },
    { address: '::', port: 7085 },
    { address: 'fd00::5', port: 22 },
  ]);
});
