import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { defined } from '../../../../src/core/base/data.ts';
import {
  damagedLines,
  fingerprint,
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
} from '../../../../src/transport/ssh/host-keys/known-hosts.ts';
import { hashedName, parseKnownHosts } from '../../../../src/transport/ssh/host-keys/known-hosts-lines.ts';
import { wireText } from '../../../support/ssh/ssh-keys.ts';

/** A public key in its wire form: its type, then its distinguishing bytes. */
const key = (type: string, body: string): Buffer => Buffer.concat([type, body].map(wireText));
const ed = key('ssh-ed25519', 'A');
const otherEd = key('ssh-ed25519', 'B');
const rsa = key('ssh-rsa', 'C');
const token = key('sk-ssh-ed25519@openssh.com', 'D');
const at = (address: string, port = 22, hostKeyAlias?: string) => ({
  address,
  port,
  ...defined({ hostKeyAlias }),
});
const line = (hosts: string, blob: Buffer): string =>
  `${hosts} ${blob.subarray(4, 4 + blob.readUInt32BE(0)).toString()} ${blob.toString('base64')} a comment`;
const hashed = (name: string): string => {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};

describe('the verdict on an ed25519 key', () => {
  const rows: readonly (readonly [
    name: string,
    lines: readonly string[],
    host: string,
    port: number,
    state: string,
  ])[] = [
    ['no lines', [], 'gw-1', 22, 'unknown'],
    ['the same key', [line('gw-1', ed)], 'gw-1', 22, 'ok'],
    ['the same key among several names', [line('lb,gw-1,10.0.0.7', ed)], '10.0.0.7', 22, 'ok'],
    ['names in another case', [line('GW-1', ed)], 'gw-1', 22, 'ok'],
    ['hashed', [line(hashed('gw-1'), ed)], 'gw-1', 22, 'ok'],
    ['hashed with a port', [line(hashed('[gw-1]:2222'), ed)], 'gw-1', 2222, 'ok'],
    ['hashed, another host', [line(hashed('gw-2'), ed)], 'gw-1', 22, 'unknown'],
    ['a pattern', [line('gw-*', ed)], 'gw-1', 22, 'ok'],
    ['a pattern for one character', [line('gw-?', ed)], 'gw-12', 22, 'unknown'],
    ['a dot is a dot', [line('10.0.0.7', otherEd)], '10a0b0c7', 22, 'unknown'],
    ['a negated name', [line('*,!gw-1', ed)], 'gw-1', 22, 'unknown'],
    ['only negated names', [line('!gw-2', ed)], 'gw-1', 22, 'unknown'],
    ['a port', [line('[gw-1]:2222', ed)], 'gw-1', 2222, 'ok'],
    ['another port', [line('[gw-1]:2223', ed)], 'gw-1', 2222, 'unknown'],
    ['brackets are no set of characters', [line('[gw]:2222', ed)], 'g', 2222, 'unknown'],
    ['without its port', [line('gw-1', ed)], 'gw-1', 2222, 'ok'],
    ['another key without its port', [line('gw-1', otherEd)], 'gw-1', 2222, 'unknown'],
    [
      'without its port, and another key with it',
      [line('gw-1', ed), line('[gw-1]:2222', otherEd)],
      'gw-1',
      2222,
      'changed',
    ],
    [
      'without its port, and another type with it',
      [line('gw-1', ed), line('[gw-1]:2222', rsa)],
      'gw-1',
      2222,
      'other-type',
    ],
    ['another key of the type', [line('gw-1', otherEd)], 'gw-1', 22, 'changed'],
    ['two keys of the type, one of them it', [line('gw-1', otherEd), line('gw-1', ed)], 'gw-1', 22, 'ok'],
    ['only another type', [line('gw-1', rsa)], 'gw-1', 22, 'other-type'],
    ['another type and a changed one', [line('gw-1', rsa), line('gw-1', otherEd)], 'gw-1', 22, 'changed'],
    ['revoked', [`@revoked ${line('*', ed)}`], 'gw-1', 22, 'revoked'],
    ['revoked and known', [line('gw-1', ed), `@revoked ${line('gw-1', ed)}`], 'gw-1', 22, 'revoked'],
    ['revoked without its port', [line('[gw-1]:2222', ed), `@revoked ${line('gw-1', ed)}`], 'gw-1', 2222, 'revoked'],
    ['another key revoked', [line('gw-1', ed), `@revoked ${line('gw-1', otherEd)}`], 'gw-1', 22, 'ok'],
    ['negated, hashed elsewhere', [line('*,!gw-*', ed), line(hashed('gw-1'), otherEd)], 'gw-1', 22, 'changed'],
    ['negated with a port', [line('[*]:2222,![gw-1]:2222', ed)], 'gw-1', 2222, 'unknown'],
    ['the host in another case', [line('gw-1', ed)], 'GW-1', 22, 'ok'],
    ['an IPv6 address', [line('2001:db8::1', ed)], '2001:db8::1', 22, 'ok'],
    ['an IPv6 address written long', [line('2001:db8::1', ed)], '2001:DB8:0:0::1', 22, 'ok'],
    ['an IPv6 address in its long form', [line('2001:db8:0:0::1', ed)], '2001:DB8:0:0::1', 22, 'ok'],
    ['an IPv6 address with a port', [line('[2001:db8::1]:2222', ed)], '2001:db8::1', 2222, 'ok'],
    ['an IPv6 address with a port, hashed', [line(hashed('[2001:db8::1]:2222'), ed)], '2001:db8::1', 2222, 'ok'],
    ['known only by a FIDO key', [line('gw-1', token)], 'gw-1', 22, 'other-type'],
    ['a key cut short', [line('gw-1', ed.subarray(0, -1))], 'gw-1', 22, 'unknown'],
    ['a key of another type than its label', [`gw-1 ssh-rsa ${ed.toString('base64')}`], 'gw-1', 22, 'unknown'],
    ['an authority with the same key', [`@cert-authority ${line('*', ed)}`], 'gw-1', 22, 'unknown'],
    [
      'comments, blank and broken lines',
      ['', '# gw-1 x', 'gw-1', 'gw-1 ssh-ed25519', '@other gw-1 x y', line('gw-1', ed)],
      'gw-1',
      22,
      'ok',
    ],
  ];
  test.each(rows)('%s', (_name, lines, host, port, state) => {
    expect(judgeHostKey(parseKnownHosts(lines.join('\n'), 'f'), at(host, port), ed).state).toBe(state);
  });
});

test('a verdict names its line', () => {
  const known = parseKnownHosts(
    `# one\n${line('gw-1', otherEd)}\r\n@cert-authority ${line('cp-*', ed)}\n`,
    '~/.ssh/known_hosts',
  );
  expect(judgeHostKey(known, at('gw-1'), ed)).toMatchObject({
    state: 'changed',
    line: { at: '~/.ssh/known_hosts:2', file: '~/.ssh/known_hosts' },
  });
  expect(judgeHostKey(known, at('cp-1'), ed)).toMatchObject({
    state: 'unknown',
    authority: { at: '~/.ssh/known_hosts:3' },
  });
  expect(judgeHostKey(known, at('cp-1', 2222), ed)).toMatchObject({ authority: { at: '~/.ssh/known_hosts:3' } });
});

test('the key types of a host leave out lines that are not for it', () => {
  const known = parseKnownHosts([line('gw-1', rsa), `@revoked ${line('gw-1', ed)}`, line('gw-2', ed)].join('\n'), 'f');
  expect(knownKeyTypes(known, at('gw-1'))).toEqual(['ssh-rsa']);
  expect(knownKeyTypes(known, at('gw-1', 2222))).toEqual(['ssh-rsa']);
  const both = parseKnownHosts([line('gw-1', ed), line('[gw-1]:2222', rsa)].join('\n'), 'f');
  expect(knownKeyTypes(both, at('gw-1', 2222))).toEqual(['ssh-rsa']);
});

test('a fingerprint has no padding', () => {
  expect(fingerprint(ed)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

test.each([1, 20, 64, 65, 200])('a hashed line with a salt of %i bytes is found as Hmac would find it', (length) => {
  const salt = Buffer.alloc(length, 0xa5);
  const mac = createHmac('sha1', salt).update('[10.0.0.7]:2222').digest('base64');
  const known = parseKnownHosts(`|1|${salt.toString('base64')}|${mac} ssh-ed25519 ${ed.toString('base64')}`, 'f');
  expect(judgeHostKey(known, at('10.0.0.7', 2222), ed).state).toBe('ok');
  expect(judgeHostKey(known, at('10.0.0.8', 2222), ed).state).toBe('unknown');
});

test('an alias is looked up alone, without address and port', () => {
  const known = parseKnownHosts([line('[10.0.0.7]:2222', otherEd), line('gw-1', ed)].join('\n'), 'f');
  expect(judgeHostKey(known, at('10.0.0.7', 2222, 'GW-1'), ed).state).toBe('ok');
  expect(judgeHostKey(known, at('10.0.0.7', 2222, 'gw-2'), ed).state).toBe('unknown');
  expect(judgeHostKey(known, at('10.0.0.7', 2222), ed).state).toBe('changed');
  expect(knownHostName(at('10.0.0.7', 2222, 'GW-1'))).toBe('gw-1');
});

test('damaged lines are named for the hosts that they seem to be for', () => {
  const lines = [
    'gw-1',
    `gw-* ssh-ed25519 AAAA`,
    `${hashed('gw-1')} ssh-ed25519`,
    '@lost gw-1 x y',
    line('gw-1', ed),
    '# gw-1',
  ];
  const known = parseKnownHosts(lines.join('\n'), 'f');
  expect(damagedLines(known, at('gw-1'))).toEqual(['f:1', 'f:2', 'f:3', 'f:4']);
  expect(damagedLines(known, at('gw-2'))).toEqual(['f:2']);
  expect(damagedLines(known, at('gw-2', 2222))).toEqual(['f:2']);
  expect(damagedLines(known, at('cp-1'))).toEqual([]);
});

test('a hashed name is one that OpenSSH would find', () => {
  const salt = Buffer.from('0123456789abcdefghij');
  expect(hashedName('[10.0.0.7]:2222', salt)).toBe(hashed('[10.0.0.7]:2222'));
});

test('tens of thousands of lines of one name are read in linear time', () => {
  const begun = performance.now();
  expect(parseKnownHosts('gw-1\n'.repeat(50_000), 'known_hosts').damaged('gw-1')).toHaveLength(50_000);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
