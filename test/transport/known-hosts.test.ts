import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fingerprint, judgeHostKey, knownKeyTypes, parseKnownHosts } from '../../src/transport/known-hosts.ts';

/** A public key in its wire form: its type, then whatever tells it from others. */
function key(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(body)]);
}
const ed = key('ssh-ed25519', 'A');
const otherEd = key('ssh-ed25519', 'B');
const rsa = key('ssh-rsa', 'C');
const line = (hosts: string, blob: Buffer): string =>
  `${hosts} ${blob.subarray(4, 4 + blob.readUInt32BE(0))} ${blob.toString('base64')} a comment`;
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
    ['another key of the type', [line('gw-1', otherEd)], 'gw-1', 22, 'changed'],
    ['two keys of the type, one of them it', [line('gw-1', otherEd), line('gw-1', ed)], 'gw-1', 22, 'ok'],
    ['only another type', [line('gw-1', rsa)], 'gw-1', 22, 'other-type'],
    ['another type and a changed one', [line('gw-1', rsa), line('gw-1', otherEd)], 'gw-1', 22, 'changed'],
    ['revoked', [`@revoked ${line('*', ed)}`], 'gw-1', 22, 'revoked'],
    ['revoked and known', [line('gw-1', ed), `@revoked ${line('gw-1', ed)}`], 'gw-1', 22, 'revoked'],
    ['revoked without its port', [line('[gw-1]:2222', ed), `@revoked ${line('gw-1', ed)}`], 'gw-1', 2222, 'revoked'],
    ['another key revoked', [line('gw-1', ed), `@revoked ${line('gw-1', otherEd)}`], 'gw-1', 22, 'ok'],
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
    expect(judgeHostKey(parseKnownHosts(lines.join('\n'), 'f'), host, port, ed).state).toBe(state);
  });
});

test('a verdict names the line it rests on', () => {
  const known = parseKnownHosts(
    `# one\n${line('gw-1', otherEd)}\r\n@cert-authority ${line('cp-*', ed)}\n`,
    '~/.ssh/known_hosts',
  );
  expect(judgeHostKey(known, 'gw-1', 22, ed)).toEqual({ state: 'changed', at: '~/.ssh/known_hosts:2' });
  expect(judgeHostKey(known, 'cp-1', 22, ed)).toEqual({ state: 'unknown', authority: '~/.ssh/known_hosts:3' });
});

test('types that a host is known by leave out what does not speak for it', () => {
  const known = parseKnownHosts([line('gw-1', rsa), `@revoked ${line('gw-1', ed)}`, line('gw-2', ed)].join('\n'), 'f');
  expect(knownKeyTypes(known, 'gw-1', 22)).toEqual(['ssh-rsa']);
});

test('a fingerprint has no padding', () => {
  expect(fingerprint(ed)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});
