import { expect, test } from 'vitest';
import { networkRequest } from '../../../src/transport/read/network-request.ts';

const parsed = (...lines: readonly string[]) =>
  networkRequest().parse({ code: 0, stdout: Buffer.from(lines.join('\n')), stderr: '', sentAt: 0, answeredAt: 0 });

test('addresses are those that the kernel treats as local, of both families', () => {
  const { addresses, bindsAny } = parsed(
    ...['@any 0', '@addresses'],
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
    '00000000000000000000000000000001 01 80 10 80       lo',
    'fd000000000000000000000000000005 02 40 00 80     eth0',
  );
  expect(addresses).toEqual(['127.0.0.0/8', '127.0.0.1', '10.0.0.5', '::1', 'fd00::5']);
  expect(bindsAny).toBe(false);
});

test('a host may bind addresses that it does not have', () => {
  expect(parsed('@any 1', '@addresses').bindsAny).toBe(true);
});

test('listeners are read from ss, in its older and newer form', () => {
  const { listening } = parsed(
    '@ss',
    'tcp   LISTEN 0      511          0.0.0.0:9080       0.0.0.0:*    users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))',
    'tcp   LISTEN 0      4096   127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=9,fd=14))',
    'tcp   LISTEN 0      128             [::]:22            [::]:*',
    'tcp   LISTEN 0      128               :::2222            :::*',
    'tcp   LISTEN 0      128                *:80               *:*',
    'udp   UNCONN 0      0      127.0.0.53%lo:53         0.0.0.0:*    users:(("systemd-resolve",pid=9,fd=13))',
    'icmp6 UNCONN 0      0                  *:58               *:*',
    'tcp   LISTEN 0      128   [::ffff:10.0.0.5]:81            *:*',
  );
  expect(listening).toEqual([
    { protocol: 'tcp', address: '0.0.0.0', port: 9080, process: 'nginx' },
    { protocol: 'tcp', address: '127.0.0.53', port: 53, process: 'systemd-resolve' },
    { protocol: 'tcp', address: '::', port: 22 },
    { protocol: 'tcp', address: '::', port: 2222 },
    { protocol: 'tcp', address: '::', port: 80 },
    { protocol: 'udp', address: '127.0.0.53', port: 53, process: 'systemd-resolve' },
    { protocol: 'tcp', address: '10.0.0.5', port: 81 },
  ]);
});

test('and from the kernel where there is no ss', () => {
  const { listening } = parsed(
    '@proc',
    '/proc/net/tcp:   0: 0500000A:2378 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '/proc/net/tcp6:   1: 00000000000000000000000000000000:1BAD 00000000000000000000000000000000:0000 0A 00000000:00000000',
    '/proc/net/tcp6:   2: 000000FD000000000000000005000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000',
    '/proc/net/udp:  412: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   101        0 1 2 0 0',
    '/proc/net/udp:  413: 0500000A:9C40 0100000A:0035 01 00000000:00000000 00:00000000 00000000   101        0 1 2 0 0',
    '/proc/net/tcp:   3: 0500000A:2379 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100',
  );
  expect(listening).toEqual([
    { protocol: 'tcp', address: '10.0.0.5', port: 9080 },
    { protocol: 'tcp', address: '::', port: 7085 },
    { protocol: 'tcp', address: 'fd00::5', port: 22 },
    { protocol: 'udp', address: '127.0.0.53', port: 53 },
  ]);
});
